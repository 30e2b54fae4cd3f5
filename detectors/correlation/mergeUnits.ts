import { DetectorError } from '../errors.js';
import { CHANNELS_ENTRY, narrowGraph } from '../graph/narrowGraph.js';
import type { Graph } from '../graph/types.js';
import { checkWeights, type Tensor, type Weights } from '../weights/weights.js';
import type { Consumer, Site } from './findSites.js';
import type { Merge } from './proposeMerges.js';

/** Units of one layer that go. */
export interface SiteMerges {
  site: Site;
  merges: readonly Merge[];
}

/** A network that has become narrower. */
export interface MergedNetwork {
  graph: Graph;
  /** Their metadata say `channels`, from which the graph is made again. */
  weights: Weights;
  /** Units that went. */
  removed: number;
}

/**
 * Takes units out of a network for which others stand: where unit ≈ Σ scale · into +
 * offset, what reads the unit reads `scale` times as much more of each other, and its
 * bias (or the mean of the batch normalization behind it) takes up the offset. With a
 * unit go its parameters in normalizations on its way. Exact when the relation is, as long as the offset is 0
 * wherever zeros are put round the layer (they don't get the offset), and there is one
 * term with a scale of 0 or more wherever a maximum is pooled. Each layer keeps one
 * output at least.
 *
 * @param source what to call the weights in messages
 * @throws DetectorError INVALID_ARGUMENT when a layer's units cannot be merged, or a
 *   merge names what is not there
 */
export function mergeUnits(
  graph: Graph,
  weights: Weights,
  plan: readonly SiteMerges[],
  source: string,
): MergedNetwork {
  const tensors = new Map(
    [...weights.tensors].map(([name, { shape, data }]): [string, Tensor] => [
      name,
      { shape, data: data.slice() },
    ]),
  );
  /** Outputs and inputs that go, by layer, and channels of what lies between. */
  const goneOutputs = new Map<string, Set<number>>();
  const goneInputs = new Map<string, Set<number>>();
  const goneChannels = new Map<string, Set<number>>();
  const outputs = new Map(
    graph.nodes.flatMap((node) =>
      node.op === 'convolution' || node.op === 'linear'
        ? [[node.name, node.outputs] as const]
        : [],
    ),
  );
  let removed = 0;
  for (const { site, merges } of plan) {
    checkMerges(site, merges);
    for (const merge of merges) {
      const { node, output, scales } = site.units[merge.unit];
      const gone = setOf(goneOutputs, node);
      if (gone.size + 1 >= outputs.get(node)!) continue;
      for (const consumer of site.consumers) {
        foldInput(tensors, consumer, merge);
        const { offset, cells } = consumer;
        const inputs = setOf(goneInputs, consumer.node);
        for (let i = 0; i < cells; i++) inputs.add(offset + merge.unit * cells + i);
      }
      gone.add(output);
      for (const { node: scale, channel } of scales) {
        setOf(goneChannels, scale).add(channel);
      }
      removed++;
    }
  }
  for (const [node, gone] of goneInputs) dropInputs(tensors, node, gone);
  const channels = readChannels(weights);
  for (const [node, gone] of [...goneOutputs, ...goneChannels]) {
    dropOutputs(tensors, node, gone);
  }
  for (const [node, gone] of goneOutputs) {
    if (gone.size > 0) channels[node] = outputs.get(node)! - gone.size;
  }
  const metadata = { ...weights.metadata, [CHANNELS_ENTRY]: JSON.stringify(channels) };
  const merged = { tensors, metadata };
  const narrow = narrowGraph(graph, metadata, source);
  checkWeights(narrow, merged, source);
  return { graph: narrow, weights: merged, removed };
}

function setOf(sets: Map<string, Set<number>>, key: string): Set<number> {
  let set = sets.get(key);
  if (!set) sets.set(key, (set = new Set()));
  return set;
}

/** Widths that the network has been given before. */
function readChannels({ metadata }: Weights): Record<string, number> {
  const entry = metadata[CHANNELS_ENTRY];
  return entry === undefined ? {} : (JSON.parse(entry) as Record<string, number>);
}

function checkMerges({ name, units, fixed }: Site, merges: readonly Merge[]): void {
  const fail = (problem: string): never => {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `merges of layer "${name}": ${problem}`,
    );
  };
  if (fixed !== undefined && merges.length > 0) fail(fixed);
  const isUnit = (n: unknown) =>
    Number.isInteger(n) && (n as number) >= 0 && (n as number) < units.length;
  const gone = new Set(merges.map(({ unit }) => unit));
  if (gone.size !== merges.length) fail('a unit goes twice');
  for (const { unit, terms, offset } of merges) {
    if (!isUnit(unit)) fail(`there is no unit ${unit} among ${units.length}`);
    if (!Number.isFinite(offset)) fail(`the offset of unit ${unit} is not finite`);
    for (const { into, scale } of terms) {
      if (!isUnit(into)) fail(`there is no unit ${into} among ${units.length}`);
      if (gone.has(into)) fail(`unit ${into} goes itself`);
      if (!Number.isFinite(scale)) fail(`a scale of unit ${unit} is not finite`);
    }
  }
}

/** What a layer reads of a unit it reads of another instead. */
function foldInput(
  tensors: Map<string, Tensor>,
  { node, offset, cells, normalization }: Consumer,
  { unit, terms, offset: constant }: Merge,
): void {
  const weight = tensors.get(`${node}/weight`)!;
  // (x + c − mean) is (x − (mean − c)).
  const [name, sign] = normalization
    ? [`${normalization}/mean`, -1]
    : [`${node}/bias`, 1];
  const bias = tensors.get(name)!;
  const [outputs, inputs, ...sides] = weight.shape;
  const area = sides.reduce((a, b) => a * b, 1);
  /** Weights with which an output reads a unit. */
  const span = cells * area;
  for (let output = 0; output < outputs; output++) {
    const start = (output * inputs + offset) * area;
    const from = start + unit * span;
    let sum = 0;
    for (let i = 0; i < span; i++) sum += weight.data[from + i];
    bias.data[output] += sign * constant * sum;
    for (const { into, scale } of terms) {
      const to = start + into * span;
      for (let i = 0; i < span; i++) {
        weight.data[to + i] += scale * weight.data[from + i];
      }
    }
  }
}

function dropInputs(
  tensors: Map<string, Tensor>,
  node: string,
  gone: ReadonlySet<number>,
): void {
  const name = `${node}/weight`;
  const { shape, data } = tensors.get(name)!;
  const [outputs, inputs, ...sides] = shape;
  const area = sides.reduce((a, b) => a * b, 1);
  const kept = inputs - gone.size;
  const narrow = new Float32Array(outputs * kept * area);
  let to = 0;
  for (let plane = 0; plane < outputs * inputs; plane++) {
    if (gone.has(plane % inputs)) continue;
    narrow.set(data.subarray(plane * area, (plane + 1) * area), to);
    to += area;
  }
  tensors.set(name, { shape: [outputs, kept, ...sides], data: narrow });
}

/** Takes outputs of a layer, or channels of a normalization, out of all its parameters. */
function dropOutputs(
  tensors: Map<string, Tensor>,
  node: string,
  gone: ReadonlySet<number>,
): void {
  if (gone.size === 0) return;
  for (const parameter of ['weight', 'bias', 'mean', 'variance']) {
    const name = `${node}/${parameter}`;
    const tensor = tensors.get(name);
    if (!tensor) continue;
    const { shape, data } = tensor;
    const [outputs, ...rest] = shape;
    const size = rest.reduce((a, b) => a * b, 1);
    const narrow = new Float32Array((outputs - gone.size) * size);
    let to = 0;
    for (let output = 0; output < outputs; output++) {
      if (gone.has(output)) continue;
      narrow.set(data.subarray(output * size, (output + 1) * size), to);
      to += size;
    }
    tensors.set(name, { shape: [outputs - gone.size, ...rest], data: narrow });
  }
}
