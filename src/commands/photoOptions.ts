import { Option } from 'commander';
import { wholeNumber } from './optionParsers.js';

/** The options that all commands over many photos have. */
export const workersOption = () =>
  new Option('-w, --workers <n>', 'worker processes (default: one per core)').argParser(
    wholeNumber(1),
  );

export const maxPixelsOption = () =>
  new Option('--max-pixels <n>', 'refuse larger photos').argParser(wholeNumber(1));

export const quietOption = () =>
  new Option('-q, --quiet', 'no progress and no summary');
