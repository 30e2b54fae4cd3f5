import cliProgress from 'cli-progress';

/** Seconds between two lines when the output is no terminal. */
const LINE_INTERVAL = 10;

export interface Progress {
  /** One more input is done. */
  step(failed: boolean): void;
  stop(): void;
}

function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const s = Math.round(seconds);
  const pad = (n: number) => String(n).padStart(2, '0');
  return s < 3600
    ? `${Math.floor(s / 60)}:${pad(s % 60)}`
    : `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`;
}

/** Progress that shows nothing. */
export const noProgress: Progress = { step: () => undefined, stop: () => undefined };

/**
 * Shows how far a run is, on standard error: a bar with rate and time left on a
 * terminal, else a line every ten seconds.
 *
 * @param done inputs that an earlier run had finished
 */
export function showProgress(
  what: string,
  total: number,
  done = 0,
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  const start = performance.now();
  const first = done;
  let failed = 0;
  const rate = () => (1000 * (done - first)) / (performance.now() - start);
  const numbers = () => ({
    rate: `${rate().toFixed(rate() < 10 ? 2 : 0)}/s`,
    left: duration((total - done) / rate()),
    failed: failed > 0 ? `, ${failed} failed` : '',
  });

  if (stream.isTTY) {
    const bar = new cliProgress.SingleBar({
      format: `${what} {bar} {value}/{total}  {rate}, {left} left{failed}`,
      barsize: 24,
      // The command itself stops on Ctrl-C, and stops the bar.
      gracefulExit: false,
      stream,
    });
    bar.start(total, done, numbers());
    let isStopped = false;
    return {
      step(isFailed) {
        done++;
        if (isFailed) failed++;
        if (!isStopped) bar.update(done, numbers());
      },
      stop() {
        if (!isStopped) bar.stop();
        isStopped = true;
      },
    };
  }
  let lastLine = start;
  return {
    step(isFailed) {
      done++;
      if (isFailed) failed++;
      const now = performance.now();
      if (now - lastLine < 1000 * LINE_INTERVAL) return;
      lastLine = now;
      const { rate, left, failed: failures } = numbers();
      stream.write(`${what} ${done}/${total}, ${rate}, ${left} left${failures}\n`);
    },
    stop: () => undefined,
  };
}
