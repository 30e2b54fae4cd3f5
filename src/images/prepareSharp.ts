import sharp from './sharp.js';

/**
 * Sets sharp up for a worker process; call it once, before the first photo.
 *
 * One thread: libvips would otherwise start a pool per core in every worker,
 * and as many workers as cores would fight over them. No cache: libvips keeps
 * the results of the last hundred operations, which never come again when each
 * photo is read once, so they are only memory.
 */
export function prepareSharpForWorker(): void {
  sharp.concurrency(1);
  sharp.cache(false);
}
