import { cocoToVoc, vocToCoco, parseJson } from '../../eval/index.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';

const BUILT_IN: Record<string, ReadonlyMap<string, string>> = {
  'voc-coco': vocToCoco,
  'coco-voc': cocoToVoc,
};

/**
 * New names of classes: `voc-coco`, `coco-voc`, or a JSON file `{ "old": "new", ... }`.
 *
 * @throws UsageError INVALID_MAP
 */
export async function readClassMap(
  source: string,
): Promise<ReadonlyMap<string, string>> {
  if (Object.hasOwn(BUILT_IN, source)) return BUILT_IN[source];
  const data = parseJson(await readInputFile(source), source);
  const isMap =
    typeof data === 'object' &&
    data !== null &&
    !Array.isArray(data) &&
    Object.values(data).every((name) => typeof name === 'string' && name !== '');
  if (!isMap) {
    throw new UsageError(
      'INVALID_MAP',
      `${source}: a map of classes is an object { "old name": "new name", ... }`,
    );
  }
  return new Map(Object.entries(data as Record<string, string>));
}

/** What has become of class names, for a note and for JSON. */
export interface MappingReport {
  renamed: [from: string, to: string][];
  kept: string[];
}

/** The mapping in words. */
export function describeMapping(
  what: string,
  { renamed, kept }: MappingReport,
): string {
  const names = renamed.map(([from, to]) => `${from} → ${to}`).join(', ');
  return `classes of the ${what}: ${renamed.length} renamed${names === '' ? '' : ` (${names})`}, ${kept.length} kept`;
}
