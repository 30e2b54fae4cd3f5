import { DetectorError } from '../errors.js';
import type { DetectorModel } from '../model.js';
import type { PipelineOptions } from './detectPhoto.js';

const isBoxArray = (value: unknown) =>
  value instanceof Float32Array && value.length % 4 === 0;
const isPart = (value: number) => value >= 0 && value <= 1;
const isCount = (value: number) => Number.isInteger(value) && value >= 1;

/** For each numeric option: what it must be, in words, and as a test. */
const NUMBERS: Record<string, [string, (value: number) => boolean]> = {
  scoreThreshold: ['a number from 0 to 1', isPart],
  nmsIou: ['a number from 0 to 1', isPart],
  cropNmsIou: ['a number from 0 to 1', isPart],
  cropWeight: ['a number from 0 to 1', isPart],
  cropBoxWeight: ['a number from 0 to 1', isPart],
  boxVoting: ['a number from 0 to 1', isPart],
  softSigma: ['a number greater than 0', (value) => value > 0],
  passes: ['a whole number from 1', isCount],
  crops: ['a whole number from 1', isCount],
  maxProposals: ['a whole number from 1', isCount],
  maxCandidates: ['a whole number from 1', isCount],
  maxDetections: ['a whole number from 1', isCount],
};

const CHOICES: Record<string, string[]> = {
  mode: ['shared', 'crop', 'cascade'],
  nms: ['hard', 'soft'],
  cropMixing: ['geometric', 'arithmetic'],
};

/**
 * Checks options before any work is done.
 *
 * @throws DetectorError INVALID_ARGUMENT, naming the option and what it takes
 */
export function checkPipelineOptions(
  options: PipelineOptions,
  model?: DetectorModel,
): void {
  const given = options as Record<string, unknown>;
  for (const [name, [wanted, test]] of Object.entries(NUMBERS)) {
    const value = given[name];
    if (value !== undefined && !(typeof value === 'number' && test(value))) {
      throw invalid(`${name} must be ${wanted}, not ${JSON.stringify(value)}`);
    }
  }
  for (const [name, choices] of Object.entries(CHOICES)) {
    const value = given[name];
    if (value !== undefined && !choices.includes(value as string)) {
      throw invalid(
        `${name} must be ${choices.join(' or ')}, not ${JSON.stringify(value)}`,
      );
    }
  }
  const { proposals } = given;
  if (proposals !== undefined && !isBoxArray(proposals)) {
    throw invalid('proposals must be a Float32Array of n×4 numbers');
  }
  const { classes = [], classThresholds = {} } = options;
  if (!Array.isArray(classes) || !classes.every((name) => typeof name === 'string')) {
    throw invalid(`classes must be a list of names, not ${JSON.stringify(classes)}`);
  }
  for (const [name, value] of Object.entries(classThresholds)) {
    if (!(typeof value === 'number' && isPart(value))) {
      throw invalid(
        `classThresholds: that of "${name}" must be a number from 0 to 1, not ${JSON.stringify(value)}`,
      );
    }
  }
  const known = model?.classes.names.slice(1);
  const named = [...classes, ...Object.keys(classThresholds)];
  const unknown = known && named.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw invalid(
      `the model has no class "${unknown}"; its classes are ${known!.join(', ')}`,
    );
  }
}

function invalid(message: string): DetectorError {
  return new DetectorError('INVALID_ARGUMENT', message);
}
