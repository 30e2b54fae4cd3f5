import { Option } from 'commander';
import { ENGINE_NAMES, PRECISIONS } from '../../detectors/engines/engine.js';

/** The options that all commands that run a network over photos have. */
export const engineOption = () =>
  new Option('--engine <name>', 'what runs the network')
    .choices(ENGINE_NAMES)
    .default('auto');

export const precisionOption = () =>
  new Option('--precision <kind>', 'in which numbers the network computes')
    .choices(PRECISIONS)
    .default('fp32');
