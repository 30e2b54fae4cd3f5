import pc from 'picocolors';

/** Says on standard error that a GPU is here and is not used, and what to do. */
export function warnOfUnusedGpu(
  { name, reason, unusedGpu }: { name: string; reason: string; unusedGpu?: string },
  stream: NodeJS.WriteStream = process.stderr,
): void {
  if (!unusedGpu) return;
  // On a terminal the progress bar stands in this line, and draws itself again.
  const clear = stream.isTTY ? '\r\x1b[K' : '';
  stream.write(
    `${clear}${pc.yellow('warning')} this machine has a GPU (${unusedGpu}) that the ${name} engine does not use: ${reason}. See "rcnn doctor".\n`,
  );
}
