import cliProgress from 'cli-progress';

const MEGABYTE = 1e6;
/** Milliseconds between two lines when the output is no terminal. */
const LINE_INTERVAL = 10_000;

export interface DownloadProgress {
  /** So many bytes are there, of so many if that is known. */
  update(done: number, total: number | undefined): void;
  stop(): void;
}

/** Progress that shows nothing. */
export const noDownloadProgress: DownloadProgress = {
  update: () => undefined,
  stop: () => undefined,
};

/** Shows a download in megabytes on standard error: a bar, or a line now and then. */
export function showDownload(
  what: string,
  stream: NodeJS.WriteStream = process.stderr,
): DownloadProgress {
  const megabytes = (n: number) => (n / MEGABYTE).toFixed(1);
  if (stream.isTTY) {
    const bar = new cliProgress.SingleBar({
      format: `${what} {bar} {done}/{all} MB`,
      barsize: 24,
      gracefulExit: false,
      stream,
    });
    let isStarted = false;
    return {
      update(done, total = 0) {
        const numbers = { done: megabytes(done), all: total ? megabytes(total) : '?' };
        if (!isStarted) bar.start(total || done, done, numbers);
        isStarted = true;
        bar.setTotal(total || done);
        bar.update(done, numbers);
      },
      stop() {
        if (isStarted) bar.stop();
        isStarted = false;
      },
    };
  }
  let lastLine = performance.now();
  return {
    update(done, total) {
      const now = performance.now();
      if (now - lastLine < LINE_INTERVAL) return;
      lastLine = now;
      const all = total === undefined ? '' : ` of ${megabytes(total)}`;
      stream.write(`${what}: ${megabytes(done)}${all} MB\n`);
    },
    stop: () => undefined,
  };
}
