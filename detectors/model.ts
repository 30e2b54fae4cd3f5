import { DetectorError } from './errors.js';
import { cellGeometry } from './graph/cellGeometry.js';
import {
  backboneOf,
  detectorGraph,
  listBackbones,
  MAPS,
} from './graph/detectorGraph.js';
import { narrowGraph } from './graph/narrowGraph.js';
import type { Graph } from './graph/types.js';
import type { HeadOptions } from './heads/decodeOutputs.js';
import type { HeadLayout } from './heads/positionSensitivePooling.js';
import type { ClassTable } from './pipeline/detections.js';
import { channelCount, type Preprocessing } from './warp/photo.js';
import type { WarpOptions } from './warp/warpCrops.js';
import { checkWeights, type Weights } from './weights/weights.js';

/** A detector's network with everything that its weights file says of its use. */
export interface DetectorModel {
  name: string;
  graph: Graph;
  weights: Weights;
  classes: ClassTable;
  preprocessing: Preprocessing;
  /** Longest side of a photo that the network runs on whole, in pixels. */
  photoSide: number;
  warp: WarpOptions;
  head: HeadOptions & HeadLayout;
}

/**
 * Reads a detector from its weights and their metadata: `graph`, its backbone's name
 * with "-rcnn" ("googlenet-rcnn"), and as JSON `classes` (background first), `category_ids`,
 * `preprocessing` and `head`, as in models/coco80-r1; `channels` when the network has
 * been made narrower, see `narrowGraph`.
 *
 * @param source what to call the file in messages
 * @throws DetectorError WEIGHTS_MISMATCH when the file is no detector of ours,
 *   INVALID_WEIGHTS when its metadata is unsound
 */
export function readModel(weights: Weights, source: string): DetectorModel {
  const { metadata } = weights;
  const backbone = backboneOf(metadata.graph ?? '');
  if (backbone === undefined) {
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `${source}: holds ${metadata.graph ? `a "${metadata.graph}" network` : 'weights without a graph name'}, not a detector such as "googlenet-rcnn" (the backbones are ${listBackbones()})`,
    );
  }
  const field = metadataReader(metadata, source);
  const names = field('classes', isStrings);
  const ids = field('category_ids', isNumbers);
  const input = field('preprocessing', isPreprocessing);
  const head = field('head', isHead);
  if (names.length < 2 || ids.length !== names.length) {
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${source}: ${names.length} classes (background first) and ${ids.length} category ids`,
    );
  }
  const outputs = names.length + 4;
  const graph = narrowGraph(
    detectorGraph(backbone, head.bins, outputs),
    metadata,
    source,
  );
  checkWeights(graph, weights, source);
  if (channelCount(input.channels) !== graph.inputChannels) {
    throw new DetectorError(
      'INVALID_WEIGHTS',
      `${source}: the metadata entry "preprocessing" says "${input.channels}", and "${backbone}" takes ${graph.inputChannels === 1 ? 'grey photos' : 'three channels'}`,
    );
  }
  const preprocessing = { mean: input.mean, channels: input.channels };
  return {
    name: metadata.name ?? 'unnamed',
    graph,
    weights,
    classes: { names, ids },
    preprocessing,
    photoSide: input.photo_long_side,
    warp: { ...preprocessing, side: input.crop_side, context: input.crop_context },
    head: {
      bins: head.bins,
      outputs,
      cells: cellGeometry(graph, MAPS),
      classes: names.length,
      boxScale: head.box_scale,
    },
  };
}

interface PreprocessingField extends Preprocessing {
  photo_long_side: number;
  crop_side: number;
  crop_context: number;
}

interface HeadField {
  bins: number;
  box_scale: number[];
}

function metadataReader(metadata: Readonly<Record<string, string>>, source: string) {
  return <T>(key: string, check: (value: unknown) => value is T): T => {
    let value: unknown;
    try {
      value = JSON.parse(metadata[key] ?? 'null');
    } catch {
      value = undefined;
    }
    if (!check(value)) {
      throw new DetectorError(
        'INVALID_WEIGHTS',
        `${source}: the metadata entry "${key}" is ${key in metadata ? 'not of the form that a detector needs' : 'missing'}`,
      );
    }
    return value;
  };
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isFinite(n));

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((s) => typeof s === 'string');

const isSide = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 16 && (value as number) <= 4096;

function isPreprocessing(value: unknown): value is PreprocessingField {
  const field = value as Partial<PreprocessingField> | null;
  return (
    typeof field === 'object' &&
    field !== null &&
    isNumbers(field.mean) &&
    (field.channels === 'BGR' ||
      field.channels === 'RGB' ||
      field.channels === 'grey') &&
    field.mean.length === channelCount(field.channels) &&
    isSide(field.photo_long_side) &&
    isSide(field.crop_side) &&
    typeof field.crop_context === 'number' &&
    field.crop_context >= 0 &&
    field.crop_context < 0.5
  );
}

function isHead(value: unknown): value is HeadField {
  const field = value as Partial<HeadField> | null;
  return (
    typeof field === 'object' &&
    field !== null &&
    Number.isInteger(field.bins) &&
    field.bins! >= 1 &&
    field.bins! <= 16 &&
    isNumbers(field.box_scale) &&
    field.box_scale.length === 4
  );
}
