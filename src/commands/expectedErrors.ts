import { DetectorError } from '../../detectors/errors.js';
import { EvaluationError } from '../../eval/errors.js';
import { ProposalError } from '../../proposals/errors.js';
import { WorkerError } from '../batch/workerPool.js';
import { UsageError } from '../errors.js';

/** Whether an error is about what we were given, and its message says all. */
export function isExpected(error: unknown): error is Error {
  return (
    error instanceof UsageError ||
    error instanceof DetectorError ||
    error instanceof EvaluationError ||
    error instanceof ProposalError ||
    // Workers say why they can't go on: the engine, the model, the disk, the machine.
    (error instanceof WorkerError && error.isExpected)
  );
}
