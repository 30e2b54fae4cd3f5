import { open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { UsageError } from '../errors.js';
import { describePin, digestFile } from './digest.js';
import { noDownloadProgress, type DownloadProgress } from './downloadProgress.js';
import type { Pin } from './officialFiles.js';

export interface DownloadOptions {
  /** Where the file is, tried in this order. HTTPS only, but on this machine itself. */
  urls: readonly string[];
  /** The file to make; what has come so far stands beside it as `….part`. */
  path: string;
  pin: Pin;
  /** The exact length, where it is known. */
  bytes?: number;
  /** Longer files are refused. @default 1 GiB */
  maxBytes?: number;
  /** Milliseconds without a byte after which a connection is given up. @default 30,000 */
  stallTimeout?: number;
  /** Attempts at each URL; each goes on where the one before stopped. @default 4 */
  attempts?: number;
  /** Milliseconds before the second attempt, doubled each time. @default 1,000 */
  retryDelay?: number;
  progress?: DownloadProgress;
  signal?: AbortSignal;
}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** A problem that another attempt at the same URL will not cure. */
class FinalProblem extends Error {}
/** A file that came whole and is another one. */
class WrongFile extends Error {}

/**
 * Downloads a file that must have a pinned digest. Only when it has does it get its
 * name; until then it grows as `PATH.part`, from which a later call goes on by HTTP
 * Range. Redirects are followed a few times, never from HTTPS to HTTP.
 *
 * @throws UsageError DOWNLOAD_FAILED with what went wrong at each URL; WRONG_FILE when
 *   a server gave another file
 */
export async function download(options: DownloadOptions): Promise<void> {
  const problems: string[] = [];
  let isWrong = false;
  for (const url of options.urls) {
    try {
      await downloadFrom(new URL(url), options);
      return;
    } catch (error) {
      if (options.signal?.aborted) throw error;
      if (!(error instanceof Error) || error instanceof UsageError) throw error;
      isWrong ||= error instanceof WrongFile;
      problems.push(`${url}: ${describe(error)}`);
    } finally {
      options.progress?.stop();
    }
  }
  const hasPart = (await sizeOf(`${options.path}.part`)) > 0;
  throw new UsageError(
    isWrong ? 'WRONG_FILE' : 'DOWNLOAD_FAILED',
    `${problems.join('\n')}${hasPart ? '\nwhat has come so far is kept; the same command goes on' : ''}`,
  );
}

async function downloadFrom(url: URL, options: DownloadOptions): Promise<void> {
  const { path, pin, attempts = 4, retryDelay = 1000, signal } = options;
  const part = `${path}.part`;
  for (let attempt = 1, isAgain = false; ; attempt++) {
    const start = await sizeOf(part);
    try {
      await fetchInto(url, part, start, options);
      const digest = await digestFile(part, pin.algorithm);
      if (digest.startsWith(pin.hex)) return await rename(part, path);
      await rm(part, { force: true });
      // What an earlier call left may have been of another file: once more, from 0.
      if (start === 0 || isAgain) {
        throw new WrongFile(
          `the file there has ${pin.algorithm} ${digest}, not ${describePin(pin)} (published in ${pin.source}); nothing was kept`,
        );
      }
      isAgain = true;
    } catch (error) {
      const isFinal = error instanceof FinalProblem || error instanceof WrongFile;
      if (isFinal || attempt >= attempts || signal?.aborted) throw error;
      await pause(retryDelay * 2 ** (attempt - 1), undefined, { signal });
    }
  }
}

/** Appends what a server has from `start` on to a file. */
async function fetchInto(
  url: URL,
  part: string,
  start: number,
  options: DownloadOptions,
): Promise<void> {
  const { bytes, maxBytes = 2 ** 30, progress = noDownloadProgress } = options;
  if (bytes !== undefined && start === bytes) return;
  const watchdog = new Watchdog(options.stallTimeout ?? 30_000, options.signal);
  try {
    const response = await request(url, start, watchdog);
    if (response.status === 416) {
      // Nothing from there on: it is whole, or it is longer than the file.
      await response.body?.cancel();
      if (rangeTotal(response) !== start) await rm(part, { force: true });
      if (rangeTotal(response) !== start) throw new Error('the part kept was too long');
      return;
    }
    const isPartial = response.status === 206;
    const offset = isPartial ? start : 0;
    const total = checkLength(response, offset, bytes, maxBytes);
    const file = await open(part, isPartial ? 'a' : 'w');
    try {
      let done = offset;
      progress.update(done, total);
      for await (const piece of response.body as AsyncIterable<Uint8Array>) {
        watchdog.feed();
        done += piece.byteLength;
        if (done > (total ?? maxBytes)) {
          throw new FinalProblem(`more than ${total ?? maxBytes} bytes came`);
        }
        await file.writeFile(piece);
        progress.update(done, total);
      }
      if (total !== undefined && done < total) {
        throw new Error(`the connection ended after ${done} of ${total} bytes`);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw watchdog.explain(error);
  } finally {
    watchdog.release();
  }
}

/** Follows redirects to the response with the file. */
async function request(url: URL, start: number, watchdog: Watchdog): Promise<Response> {
  // Only what began on this machine may stay on it without HTTPS.
  const isLocal = isLocalHttp(url);
  for (let redirects = 0; ; redirects++) {
    if (url.protocol !== 'https:' && !(isLocal && isLocalHttp(url))) {
      throw new FinalProblem(
        `${redirects > 0 ? 'it redirects to' : 'it is'} ${url.href}, which is not HTTPS; refused`,
      );
    }
    const response = await fetch(url, {
      redirect: 'manual',
      signal: watchdog.signal,
      headers: {
        // Compressed on the way, a file could not be gone on with.
        'accept-encoding': 'identity',
        ...(start > 0 ? { range: `bytes=${start}-` } : {}),
      },
    });
    watchdog.feed();
    const { status } = response;
    if (REDIRECTS.has(status)) {
      await response.body?.cancel();
      const location = response.headers.get('location');
      if (
        location === null ||
        redirects >= MAX_REDIRECTS ||
        !URL.canParse(location, url.href)
      ) {
        throw new FinalProblem(
          location === null || redirects < MAX_REDIRECTS
            ? 'it redirects to nowhere'
            : `it redirects more than ${MAX_REDIRECTS} times`,
        );
      }
      url = new URL(location, url);
      continue;
    }
    if (status === 200 || (status === 206 && start > 0)) {
      const encoding = response.headers.get('content-encoding') ?? 'identity';
      if (encoding === 'identity') return response;
      await response.body?.cancel();
      throw new FinalProblem(`it comes compressed (${encoding})`);
    }
    if (status === 416 && start > 0) return response;
    await response.body?.cancel();
    const problem = `the server answers ${status} ${response.statusText}`.trim();
    throw status >= 500 || status === 429
      ? new Error(problem)
      : new FinalProblem(problem);
  }
}

/** Plain HTTP that crosses no network. */
function isLocalHttp({ protocol, hostname }: URL): boolean {
  const isLoopback =
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127(\.\d+){3}$/.test(hostname);
  return protocol === 'http:' && isLoopback;
}

/** The length that a whole file will have, checked against what is known of it. */
function checkLength(
  response: Response,
  offset: number,
  bytes: number | undefined,
  maxBytes: number,
): number | undefined {
  const header = response.headers.get('content-length');
  const length = header === null ? undefined : offset + Number(header);
  if (response.status === 206) {
    const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
    if (Number(range?.[1]) !== offset) {
      throw new FinalProblem('it gives another part of the file than was asked for');
    }
  }
  const total = length ?? bytes;
  if (bytes !== undefined && total !== bytes) {
    throw new WrongFile(`the file there has ${total} bytes, not ${bytes}`);
  }
  if (total !== undefined && total > maxBytes) {
    throw new FinalProblem(
      `the file there has ${total} bytes; ${maxBytes} is the limit`,
    );
  }
  return total;
}

/** The length of the whole file in "bytes *\/LENGTH". */
function rangeTotal(response: Response): number {
  return Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]);
}

/** Aborts a request that has not been fed for a while. */
class Watchdog {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout;
  #isStalled = false;
  readonly #onAbort = () => this.#controller.abort();

  constructor(
    private readonly timeout: number,
    private readonly outer: AbortSignal | undefined,
  ) {
    this.#timer = this.#start();
    outer?.addEventListener('abort', this.#onAbort, { once: true });
    if (outer?.aborted) this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  feed(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start();
  }
  release(): void {
    clearTimeout(this.#timer);
    this.outer?.removeEventListener('abort', this.#onAbort);
  }
  /** The error that an abort of ours stands for. */
  explain(error: unknown): unknown {
    return this.#isStalled
      ? new Error(`nothing came for ${this.timeout / 1000} seconds`, { cause: error })
      : error;
  }
  #start(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#isStalled = true;
      this.#controller.abort();
    }, this.timeout);
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** What fetch says lies in the cause. */
function describe(error: Error): string {
  const { cause } = error;
  const isPlain =
    !(cause instanceof Error) || !error.message.match(/^(fetch failed|terminated)$/);
  if (isPlain) return error.message;
  return (cause as NodeJS.ErrnoException).code ?? cause.message;
}
