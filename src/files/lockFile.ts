import { readFile, rm, writeFile } from 'node:fs/promises';
import { UsageError } from '../errors.js';

/**
 * Keeps other processes away from a file by one beside it, with this process's
 * id in it. That of a process that is gone is taken over.
 *
 * @returns what removes it again
 * @throws UsageError IN_USE
 */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  for (;;) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
      return () => rm(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
    if (owner !== process.pid && isAlive(owner)) {
      throw new UsageError(
        'IN_USE',
        `${path} is being written by process ${owner}; wait for it, or remove ${lock} if it is none of ours`,
      );
    }
    await rm(lock, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 only asks whether the process is there.
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
