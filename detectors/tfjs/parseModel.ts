import { DetectorError } from '../errors.js';
import type { TfjsNode } from './model.js';

/** The JSON has no numbers in it; longer ones are no network of ours. */
const MAX_JSON = 64 * 2 ** 20;
const MAX_NODES = 20_000;
/** Keras's configurations have some 15 levels. */
const MAX_NESTING = 100;

/** What a tfjs `model.json` says, as far as all of them have it. */
export interface ParsedModel {
  format: 'graph-model' | 'layers-model';
  generatedBy: unknown;
  /** Names of nodes that the model gives, as it says; empty when it says nothing. */
  outputs: string[];
  metadata: unknown;
  /** Of graph models, else empty. */
  nodes: TfjsNode[];
  /** Of layers models: Keras's configuration of the network. */
  layers: unknown;
  manifest: unknown[];
}

export function invalid(
  source: string,
  problem: string,
  cause?: unknown,
): DetectorError {
  return new DetectorError(
    'INVALID_WEIGHTS',
    `${source}: not a sound tfjs model: ${problem}`,
    { cause },
  );
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** An own member of an object, or undefined. */
export const member = (value: unknown, name: string): unknown =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;

/**
 * Parses a `model.json` and checks the form of what every one has. What its nodes say
 * is for their readers to judge.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS when it is unsound, WEIGHTS_MISMATCH when it is
 *   another kind of JSON
 */
export function parseModel(bytes: Uint8Array, source: string): ParsedModel {
  if (bytes.byteLength > MAX_JSON) throw invalid(source, `${bytes.byteLength} bytes`);
  if (nesting(bytes) > MAX_NESTING) {
    throw invalid(source, `its JSON has more than ${MAX_NESTING} levels`);
  }
  let model: unknown;
  try {
    model = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid(source, `it is no JSON (${(error as Error).message})`, error);
  }
  const topology = member(model, 'modelTopology');
  const nodes = member(topology, 'node');
  // The first converters did not write it.
  const { format = Array.isArray(nodes) ? 'graph-model' : undefined } = model as {
    format?: unknown;
  };
  if (format !== 'graph-model' && format !== 'layers-model') {
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `${source}: a JSON file that is no tfjs model (its format is ${text(format)}); name the model.json that tensorflowjs_converter or "rcnn weights export" wrote`,
    );
  }
  const manifest = member(model, 'weightsManifest');
  if (!Array.isArray(manifest)) throw invalid(source, 'it has no list of weights');
  const isGraph = format === 'graph-model';
  if (isGraph) checkNodes(nodes, source);
  const metadata = member(model, 'userDefinedMetadata');
  const signature = member(model, 'signature') ?? member(metadata, 'signature');
  return {
    format,
    generatedBy: member(model, 'generatedBy'),
    outputs: readOutputs(member(signature, 'outputs')),
    metadata,
    nodes: isGraph ? (nodes as TfjsNode[]) : [],
    layers: isGraph ? undefined : (member(topology, 'model_config') ?? topology),
    manifest,
  };
}

function checkNodes(nodes: unknown, source: string): void {
  if (!Array.isArray(nodes)) throw invalid(source, 'it has no nodes');
  if (nodes.length > MAX_NODES) throw invalid(source, `it has ${nodes.length} nodes`);
  const odd = nodes.findIndex(
    (node) =>
      typeof member(node, 'name') !== 'string' ||
      typeof member(node, 'op') !== 'string' ||
      !isObject(member(node, 'attr') ?? {}) ||
      !isStrings(member(node, 'input') ?? []),
  );
  if (odd >= 0) {
    throw invalid(
      source,
      `modelTopology.node[${odd}] has no proper name, op, input and attr`,
    );
  }
}

/** Names of the nodes, without the number of the output. */
function readOutputs(outputs: unknown): string[] {
  if (!isObject(outputs)) return [];
  return Object.entries(outputs).flatMap(([key, value]) => {
    const name = member(value, 'name') ?? key;
    return typeof name === 'string' ? [name.replace(/:0$/, '')] : [];
  });
}

const text = (value: unknown) =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : 'not given';

/** How deep objects and arrays lie in one another. */
function nesting(json: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inText = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (inText) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inText = false;
    } else if (byte === 0x22) inText = true;
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return deepest;
}
