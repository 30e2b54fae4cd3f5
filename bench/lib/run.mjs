/** What every benchmark needs, with or without photos: the built package, the closing line. */
import { availableParallelism, cpus } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The built package; RCNN_DIST names another build. */
export const dist = resolve(process.env.RCNN_DIST ?? `${root}dist`);
export const cli = `${dist}/src/cli.js`;
export const importBuilt = (path) => import(pathToFileURL(`${dist}/${path}`).href);

export const median = (values) =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

/** The machine in one line, then the figures in one. */
export function report(figures) {
  console.log(
    `node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model.trim()}`,
  );
  console.log(`BENCH ${JSON.stringify(figures)}`);
}
