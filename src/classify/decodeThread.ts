/** The program of a decoding thread: one photo, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { failureOf } from '../batch/failure.js';
import { decodeImage } from '../images/decodeImage.js';
import { prepareSharpForWorker } from '../images/prepareSharp.js';
import type { DecodeAnswer, DecodeRequest } from './decodeAhead.js';

prepareSharpForWorker();
const { path, options } = workerData as DecodeRequest;
const answer: DecodeAnswer = await decodeImage(path, options).then(
  (image) => ({ image }),
  (error: unknown) => ({ failure: failureOf(error) }),
);
parentPort!.postMessage(answer);
