import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import writeFileAtomic from 'write-file-atomic';
import {
  assembleDataset,
  assembleDetections,
  labelsOf,
  writeCsv,
  writeIlsvrcDetections,
  writeLabelMe,
  writeOpenImages,
  writeVocDetections,
  writeVocXml,
  writeYolo,
  type CocoDataset,
  type LabeledImage,
  type PixelConvention,
} from '../../eval/index.js';
import { UsageError } from '../errors.js';
import { UniqueStems, yoloDataYaml } from '../formats/index.js';
import { safeJoin } from '../formats/safeJoin.js';
import type { Format } from './formats.js';

/** Formats that can be written, and whether each is a folder. */
const WRITABLE: Partial<Record<Format['name'], 'file' | 'folder'>> = {
  coco: 'file',
  voc: 'folder',
  ilsvrc: 'folder',
  'voc-text': 'folder',
  'ilsvrc-text': 'file',
  yolo: 'folder',
  csv: 'file',
  labelme: 'folder',
  openimages: 'file',
};

export interface WriteLabeledOptions {
  path: string;
  format: Format;
  pixels: PixelConvention;
  /** Classes in the order of their numbers. @default in alphabetical order */
  classes?: readonly string[];
  /** COCO: write plain results with the ids of this dataset. */
  ids?: CocoDataset;
  /** Write over what is there. */
  force: boolean;
  /** VOC, ILSVRC XML: whole pixels. */
  round: boolean;
}

/** What was written. */
export interface Written {
  files: number;
  /** Files in the folder that are from before. */
  others: number;
}

/**
 * The format that a path stands for by its name.
 *
 * @throws UsageError UNKNOWN_FORMAT
 */
export function formatOfTarget(path: string): Format {
  if (/\.json(?:\.gz)?$/i.test(path)) return { name: 'coco' };
  if (/\.csv$/i.test(path)) return { name: 'csv' };
  throw new UsageError(
    'UNKNOWN_FORMAT',
    `${path}: the name doesn't say the format (.json is COCO, .csv is CSV); say it with --to-format`,
  );
}

/** Refuses before anything is read. @throws UsageError */
export async function checkTarget({
  path,
  format,
  force,
}: Pick<WriteLabeledOptions, 'path' | 'format' | 'force'>): Promise<void> {
  const kind = WRITABLE[format.name];
  if (!kind) {
    throw new UsageError(
      'UNKNOWN_FORMAT',
      `text can be read only; there are ${Object.keys(WRITABLE).join(', ')} to write`,
    );
  }
  const status = await stat(path).catch(() => undefined);
  if (!status) {
    const folder = dirname(resolve(path));
    if (
      await stat(folder).then(
        (s) => s.isDirectory(),
        () => false,
      )
    )
      return;
    throw new UsageError(
      'NOT_WRITABLE',
      `${path}: there is no folder ${folder}; make it first`,
    );
  }
  if (status.isDirectory() !== (kind === 'folder')) {
    throw new UsageError(
      'NOT_WRITABLE',
      `${path} is a ${status.isDirectory() ? 'folder' : 'file'}, and ${format.name} is a ${kind}; name another place`,
    );
  }
  const isEmpty = kind === 'folder' && (await readdir(path)).length === 0;
  if (!force && !isEmpty) {
    throw new UsageError(
      'EXISTS',
      `${path} is there already; name another place, or write over it with --force`,
    );
  }
}

/** Writes photos in a format; at every moment the old is there, or the new as a whole. */
export async function writeLabeled(
  images: readonly LabeledImage[],
  options: WriteLabeledOptions,
): Promise<Written> {
  const { path, format } = options;
  if (WRITABLE[format.name] === 'file') {
    const text = fileText(images, options);
    const content = path.endsWith('.gz') ? gzipSync(text) : text;
    await guard(path, () => writeFileAtomic(path, content));
    return { files: 1, others: 0 };
  }
  // All of it is made before any is written, so that what is refused leaves nothing.
  const files = folderFiles(images, options);
  return guard(path, () => writeFolder(path, files));
}

function fileText(
  images: readonly LabeledImage[],
  { format, pixels, classes, ids }: WriteLabeledOptions,
): string {
  switch (format.name) {
    case 'csv':
      return writeCsv(images, { pixels });
    case 'openimages':
      return writeOpenImages(images);
    case 'ilsvrc-text': {
      const numbers =
        classes && new Map(classes.map((name, i) => [name, String(i + 1)]));
      return writeIlsvrcDetections(images, numbers);
    }
    default: {
      const data = ids ? assembleDetections(images, ids) : cocoOf(images, classes);
      return `${JSON.stringify(data, null, 1)}\n`;
    }
  }
}

/** COCO annotations; objects with scores keep them. */
function cocoOf(images: readonly LabeledImage[], classes?: readonly string[]) {
  const dataset = assembleDataset(images, { classes });
  const scores = images.flatMap(({ objects }) => objects.map(({ score }) => score));
  scores.forEach((score, i) => {
    if (score !== undefined) dataset.annotations[i].score = score;
  });
  return dataset;
}

/** Texts by name within the folder. */
function folderFiles(
  images: readonly LabeledImage[],
  { format, pixels, round, classes }: WriteLabeledOptions,
): Map<string, string> {
  const files = new Map<string, string>();
  if (format.name === 'voc-text') {
    for (const label of labelsOf(images)) {
      files.set(`comp4_det_test_${label}.txt`, writeVocDetections(images, label));
    }
    return files;
  }
  const names = classes ?? labelsOf(images);
  const stems = new UniqueStems();
  const [folder, extension] =
    format.name === 'yolo'
      ? ['labels/', '.txt']
      : ['', format.name === 'labelme' ? '.json' : '.xml'];
  if (format.name === 'yolo') files.set('data.yaml', yoloDataYaml(names));
  for (const image of images) {
    const base = { ...image, fileName: image.fileName.replace(/^.*\//, '') };
    const text =
      format.name === 'yolo'
        ? writeYolo(image, names, 10)
        : format.name === 'labelme'
          ? writeLabelMe(base)
          : writeVocXml(base, { pixels, round });
    files.set(`${folder}${stems.next(image.fileName)}${extension}`, text);
  }
  return files;
}

async function writeFolder(
  path: string,
  files: ReadonlyMap<string, string>,
): Promise<Written> {
  const paths = [...files].map(([name, text]) => ({ name, text }));
  for (const { name } of paths) safeJoin(path, name);
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere) {
    for (const { name, text } of paths) {
      const file = safeJoin(path, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFileAtomic(file, text);
    }
    const present = await readdir(path, { recursive: true, withFileTypes: true });
    const count = present.filter((entry) => entry.isFile()).length;
    return { files: files.size, others: count - files.size };
  }
  const target = resolve(path);
  const temporary = join(
    dirname(target),
    `.${basename(target)}.${randomBytes(4).toString('hex')}.tmp`,
  );
  try {
    await mkdir(temporary);
    for (const { name, text } of paths) {
      const file = safeJoin(temporary, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFileAtomic(file, text, { fsync: false });
    }
    await rename(temporary, target);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return { files: files.size, others: 0 };
}

async function guard<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { code, name, message } = error as NodeJS.ErrnoException;
    if (name === 'OutputError') throw new UsageError('UNSAFE_NAME', message);
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
    throw new UsageError('NOT_WRITABLE', `${path}: cannot be written (${code})`);
  }
}
