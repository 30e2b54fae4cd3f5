import { DetectorError } from '../errors.js';
import { parameterShapes } from '../graph/parameterShapes.js';
import type { ChooseNetworkOptions } from '../weights/chooseNetwork.js';
import { graphOfWeights } from '../weights/graphOfWeights.js';
import { unpack } from '../weights/storedTensors.js';
import type { Tensor, Weights } from '../weights/weights.js';
import { emitTfjs, GENERATOR } from './emitTfjs.js';
import { readForeign, type ForeignWeights } from './foreignWeights.js';
import { fromFilters, transposed } from './layout.js';
import type { TfjsNode } from './model.js';
import {
  invalid,
  isObject,
  isStrings,
  parseModel,
  type ParsedModel,
} from './parseModel.js';
import { storedValues, type ReadShard, type TfjsValues } from './storedValues.js';

export type { ReadShard } from './storedValues.js';

/** Weights of a tfjs model; with metadata when it is one of ours. */
export type TfjsWeights = (Weights & { graph?: undefined }) | ForeignWeights;

/**
 * Reads a tfjs model. One that we exported gives back its weights, exactly, and its
 * metadata, when its nodes are those that we would write. Of any other graph model the
 * parameters are found by wiring, see `tfjsGraph` and `matchGraphs`: nodes may have any
 * names and any order.
 *
 * @param bytes of the `model.json`
 * @param source what to call the file in messages
 * @param readShard reads the shards; only plain file names are asked for
 * @throws DetectorError INVALID_WEIGHTS, WEIGHTS_MISMATCH; and what `readShard` throws
 */
export async function readTfjsWeights(
  bytes: Uint8Array,
  source: string,
  readShard: ReadShard,
  options: ChooseNetworkOptions = {},
): Promise<TfjsWeights> {
  const model = parseModel(bytes, source);
  const values = await storedValues(model.manifest, source, readShard);
  return model.generatedBy === GENERATOR && model.format === 'graph-model'
    ? readOwn(model, values, source)
    : readForeign(model, values, source, options);
}

function readOwn(model: ParsedModel, values: TfjsValues, source: string): Weights {
  const metadata = stringsOf(model.metadata, source);
  const numbers = floats(values, source);
  const tensorOf = (name: string) => numbers.get(name);

  // What the graph is follows from the metadata; which names it has, from the graph.
  const tensors = new Map<string, Tensor>();
  const names = [...numbers.keys()].map((name) => name.replace(/__\d+$/, ''));
  for (const name of new Set(names)) {
    if (/\/(weight|bias|mean|variance)$/.test(name)) {
      const tensor = parameter(name, tensorOf);
      if (tensor) tensors.set(name, tensor);
    }
  }
  const weights = { tensors, metadata };
  restoreMatrices(weights, model);
  const graph = graphOfWeights(weights, source);
  const expected = emitTfjs(graph, weights, model.outputs).model.modelTopology.node;
  if (canonical(model.nodes) !== canonical(expected)) {
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `${source}: its nodes are not those of the network "${graph.name}"; it was changed after the export`,
    );
  }
  const needed = parameterShapes(graph);
  return {
    metadata,
    tensors: new Map([...tensors].filter(([name]) => needed.has(name))),
  };
}

function stringsOf(metadata: unknown, source: string): Record<string, string> {
  if (isObject(metadata) && isStrings(Object.values(metadata))) {
    return metadata as Record<string, string>;
  }
  throw invalid(source, 'its userDefinedMetadata is no object of texts');
}

/** All floating-point tensors; ours are never quantized. */
function floats({ tensors }: TfjsValues, source: string): Map<string, Tensor> {
  return new Map(
    [...tensors].map(([name, stored]) => {
      if (stored.type === 'float32') return [name, unpack(stored)];
      throw new DetectorError(
        'WEIGHTS_MISMATCH',
        `${source}: "${name.slice(0, 100)}" is quantized to ${stored.type}; it was changed after the export`,
      );
    }),
  );
}

/** A parameter with filters in our layout. */
function parameter(
  name: string,
  tensorOf: (name: string) => Tensor | undefined,
): Tensor | undefined {
  const whole = tensorOf(name);
  if (whole) return whole.shape.length === 4 ? fromFilters([whole]) : whole;
  const parts: Tensor[] = [];
  for (let part; (part = tensorOf(`${name}__${parts.length}`));) parts.push(part);
  const isFilters = parts.every(
    ({ shape }) => shape.length === 4 && shape.join() === parts[0].shape.join(),
  );
  return parts.length > 0 && isFilters ? fromFilters(parts) : undefined;
}

/** The weights of products are [inputs, outputs] in tfjs. */
function restoreMatrices(
  { tensors }: { tensors: Map<string, Tensor> },
  { nodes }: ParsedModel,
): void {
  for (const { op, input = [] } of nodes) {
    const tensor = tensors.get(input[1] ?? '');
    if (op === 'MatMul' && tensor?.shape.length === 2) {
      tensors.set(input[1], transposed(tensor));
    }
  }
}

function canonical(nodes: readonly TfjsNode[]): string {
  return JSON.stringify(
    nodes.map(({ name, op, input = [], attr }) => [name, op, input, sorted(attr)]),
  );
}

/** A value with the keys of its objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}
