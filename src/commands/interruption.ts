/**
 * A signal that is aborted by the first Ctrl-C (or SIGTERM). A second one ends
 * the process at once; what is in the journal stays.
 */
export function interruption(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    // Whoever listens clears the progress bar first.
    controller.abort();
    process.stderr.write('stopping after the photos at hand (again: at once)\n');
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
