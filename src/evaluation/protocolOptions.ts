import { InvalidArgumentError } from 'commander';
import {
  readBlacklist,
  type AreaRange,
  type BlacklistEntry,
  type Id,
  type ProtocolName,
  type ProtocolOptions,
} from '../../eval/index.js';
import { UsageError } from '../errors.js';
import { readClassNames } from './classNames.js';
import { readText } from './files.js';
import type { GroundTruth } from './loadGroundTruth.js';
import { indexPhotos } from './photoNames.js';
import { readImageList } from './readLabeled.js';

/** Every protocol that can be evaluated. */
export const PROTOCOLS = [
  'coco',
  'voc2007',
  'voc2010',
  'ilsvrc',
  'openimages',
  'lvis',
] as const satisfies readonly ProtocolName[];

/** Options of single protocols, as the command line has them. */
export interface ProtocolCommandOptions {
  protocol: ProtocolName;
  iou?: number[];
  maxDets?: number[];
  areas?: AreaRange[];
  blacklist?: string;
  hierarchy?: string;
  imageLabels?: string;
  names?: string;
  imageList?: string;
}

/** Which options belong to which protocols. */
const OWNERS: [keyof ProtocolCommandOptions, string, readonly ProtocolName[]][] = [
  ['iou', '--iou', ['coco', 'voc2007', 'voc2010', 'openimages', 'lvis']],
  ['maxDets', '--max-dets', ['coco', 'lvis']],
  ['areas', '--areas', ['coco']],
  ['blacklist', '--blacklist', ['ilsvrc']],
  ['hierarchy', '--hierarchy', ['openimages']],
  ['imageLabels', '--image-labels', ['openimages']],
];

/** @throws UsageError WRONG_PROTOCOL for an option that the protocol doesn't have */
export function checkProtocolOptions(options: ProtocolCommandOptions): void {
  for (const [key, flag, protocols] of OWNERS) {
    if (options[key] === undefined || protocols.includes(options.protocol)) continue;
    throw new UsageError(
      'WRONG_PROTOCOL',
      `${flag} is for the protocol ${protocols.join(', ')}, not for ${options.protocol}`,
    );
  }
  if (options.protocol === 'lvis' && (options.maxDets?.length ?? 1) !== 1) {
    throw new UsageError('WRONG_PROTOCOL', '--max-dets: LVIS has one limit only');
  }
}

/** The options as `evaluate` takes them. @throws UsageError, EvaluationError */
export async function protocolOptions(
  options: ProtocolCommandOptions,
  truth: GroundTruth,
): Promise<ProtocolOptions> {
  const { protocol, iou, maxDets, areas } = options;
  const thresholds = iou ? { iouThresholds: iou } : {};
  switch (protocol) {
    case 'coco':
      return {
        ...{ protocol, ...thresholds },
        ...(maxDets ? { maxDets } : {}),
        ...(areas ? { areaRanges: areas } : {}),
      };
    case 'lvis':
      return {
        ...{ protocol, ...thresholds },
        ...(maxDets ? { maxDetections: maxDets[0] } : {}),
      };
    case 'ilsvrc':
      return {
        protocol,
        ...(options.blacklist
          ? { blacklist: await loadBlacklist(options, truth) }
          : {}),
      };
    default:
      return { protocol, ...thresholds };
  }
}

/**
 * The blacklist under the ids of the ground truth: its numbers are those of the list of
 * photos and of the class names where these are given, else the annotations' own ids,
 * else names.
 */
async function loadBlacklist(
  { blacklist, names, imageList }: ProtocolCommandOptions,
  truth: GroundTruth,
): Promise<BlacklistEntry[]> {
  const path = blacklist!;
  const entries = readBlacklist(await readText(path), path);
  const classNames = names ? await readClassNames(names) : undefined;
  const photoNames = imageList ? await readImageList(imageList) : undefined;
  const { dataset, hasOwnIds } = truth;
  const photos = indexPhotos(
    (dataset?.images ?? []).map(({ id, file_name }) => [file_name ?? '', id] as const),
  );
  const classes = new Map(
    (dataset?.categories ?? []).map(({ id, name }) => [name ?? String(id), id]),
  );
  const refuse = (entry: BlacklistEntry, what: string, remedy: string): never => {
    throw new UsageError(
      'UNKNOWN_BLACKLISTED',
      `${path}: nothing says which ${what} "${entry.image_id} ${entry.category_id}" means; ${remedy}`,
    );
  };
  return entries.map((entry): BlacklistEntry => {
    let image: Id | undefined;
    if (photoNames) {
      const name = photoNames.get(String(entry.image_id));
      if (name === undefined) {
        refuse(entry, 'photo', `${imageList} has no such number`);
      }
      // The official list covers all photos; a part of them is evaluated now and then.
      image = photos(name!) ?? `absent photo ${name}`;
    } else if (hasOwnIds) image = entry.image_id;
    else image = photos(String(entry.image_id));
    let category: Id | undefined;
    if (classNames) {
      category = classes.get(classNames[Number(entry.category_id) - 1]);
    } else if (hasOwnIds) category = entry.category_id;
    else category = classes.get(String(entry.category_id));
    return {
      image_id:
        image ?? refuse(entry, 'photo', 'give the photos’ numbers with --image-list'),
      category_id:
        category ??
        refuse(entry, 'class', 'give the class names by number with --names'),
    };
  });
}

/** Numbers between commas, each in a range. */
export function numberList(low: number, high: number) {
  return (text: string): number[] => {
    const values = text
      .split(',')
      .map((part) => (part.trim() === '' ? NaN : Number(part)));
    if (values.every((value) => value >= low && value <= high)) return values;
    throw new InvalidArgumentError(
      `Numbers from ${low} to ${high} with commas between them are needed.`,
    );
  };
}

/** Whole numbers from 1 on between commas, ascending. */
export function limitList(text: string): number[] {
  const values = text
    .split(',')
    .map((part) => (part.trim() === '' ? NaN : Number(part)));
  const isSound = values.every(
    (value, i) => Number.isSafeInteger(value) && value > (i === 0 ? 0 : values[i - 1]),
  );
  if (isSound) return values;
  throw new InvalidArgumentError(
    'Whole numbers from 1 on, ascending, with commas between them are needed.',
  );
}

/** `all=0-inf,tiny=0-256,...` in pixels². */
export function areaList(text: string): AreaRange[] {
  return text.split(',').map((part) => {
    const [, name, low, high] = /^\s*([\w-]+)=([^-]+)-([^-]+)\s*$/.exec(part) ?? [];
    const min = low === undefined ? NaN : Number(low);
    const max = high === 'inf' ? Infinity : high === undefined ? NaN : Number(high);
    if (name === undefined || Number.isNaN(min) || Number.isNaN(max)) {
      throw new InvalidArgumentError(
        `Ranges in pixels² are needed, as in all=0-inf,tiny=0-256; found ${JSON.stringify(part)}.`,
      );
    }
    return { name, min, max };
  });
}
