/** What the benchmarks on photos share: where the photos are, a child process. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { root } from './run.mjs';

export { cli, dist, importBuilt, median, report } from './run.mjs';

/** The photos and annotations beside the checkout; without them a benchmark can't run. */
export const coco = `${root}../shared/data/coco`;
if (!existsSync(coco)) {
  console.error(`this benchmark needs the photos in ${coco}`);
  process.exit(2);
}

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Paths of the first `count` photos of val, in the order of its annotations. */
export function valPhotos(count) {
  const { images } = readJson(`${coco}/val/instances.json`);
  return images
    .slice(0, count)
    .map(({ file_name }) => `${coco}/val/images/${file_name}`);
}

/** Runs node with arguments; gives seconds, exit code and output. */
export function runNode(args, { onStart, env } = {}) {
  return new Promise((done, fail) => {
    const start = performance.now();
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => (stdout += text));
    child.stderr.on('data', (text) => (stderr += text));
    child.on('error', fail);
    child.on('close', (code, signal) => {
      const seconds = (performance.now() - start) / 1000;
      done({ seconds, code, signal, stdout, stderr });
    });
    onStart?.(child);
  });
}

/** The same, where anything but success is the benchmark's end. */
export async function mustRun(args, options) {
  const result = await runNode(args, options);
  if (result.code !== 0) {
    console.error(result.stdout + result.stderr);
    throw new Error(
      `node ${args.join(' ').slice(0, 200)} ended with ${result.code ?? result.signal}`,
    );
  }
  return result;
}
