import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface FindGpuOptions {
  /** Folder of the NVIDIA driver. @default '/proc/driver/nvidia' */
  driver?: string;
  /** Program that lists GPUs. @default 'nvidia-smi' */
  program?: string;
}

/**
 * Looks for a GPU that TensorFlow could use (NVIDIA's; no other has builds of it),
 * whether or not anything here makes use of it.
 *
 * @returns the name of the first, or undefined when there is none
 */
export async function findGpu(
  options: FindGpuOptions = {},
): Promise<string | undefined> {
  const { driver = '/proc/driver/nvidia', program = 'nvidia-smi' } = options;
  return (await askDriver(driver)) ?? (await askProgram(program));
}

/** Linux: the driver has a folder for each GPU. */
async function askDriver(driver: string): Promise<string | undefined> {
  try {
    const [first] = await readdir(join(driver, 'gpus'));
    if (first === undefined) return undefined;
    const text = await readFile(join(driver, 'gpus', first, 'information'), 'utf8');
    return /^Model:\s*(.+)$/m.exec(text)?.[1].trim() ?? 'NVIDIA GPU';
  } catch {
    return undefined;
  }
}

/** Elsewhere, and where Linux runs within Windows: "GPU 0: NAME (UUID: …)". */
async function askProgram(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['-L'], { timeout: 5000 });
    return /^GPU \d+: (.+?)(?: \(UUID.*)?$/m.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
