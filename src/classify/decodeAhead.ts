import { Worker } from 'node:worker_threads';
import type { Failure } from '../batch/failure.js';
import type { DecodedImage, DecodeImageOptions } from '../images/decodeImage.js';

/** What a decoding thread is given. */
export interface DecodeRequest {
  path: string;
  options: DecodeImageOptions;
}

/** A photo that is being decoded already. */
export interface EarlyDecode {
  /** As it was given. */
  path: string;
  decoding: Promise<DecodeAnswer>;
}

/** What it answers. */
export type DecodeAnswer = { image: DecodedImage } | { failure: Failure };

/**
 * Decodes a photo in a thread of its own: loading the decoder takes as long as loading
 * a network, and a single photo's result waits for both.
 */
export function decodeAhead(
  path: string,
  options: DecodeImageOptions,
): Promise<DecodeAnswer> {
  return new Promise((resolve, reject) => {
    const workerData: DecodeRequest = { path, options };
    const worker = new Worker(new URL('./decodeThread.js', import.meta.url), {
      workerData,
    });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new Error(`the decoding thread ended with exit code ${code}`)),
    );
  });
}
