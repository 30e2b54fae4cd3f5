import { DetectorError } from '../errors.js';
import { halfToSingle } from '../weights/halfFloat.js';
import { countOf, type StoredTensor } from '../weights/storedTensors.js';
import { DOUBLE, FLOAT, FLOAT16, INT64 } from './messages.js';
import { ModelProto } from './schema.js';

type Long = number | { toNumber(): number };

/** A TensorProto as decoded. */
interface RawTensor {
  name?: string;
  dims?: Long[];
  dataType?: number;
  floatData?: Uint8Array;
  int64Data?: Long[];
  rawData?: Uint8Array;
  externalData?: unknown[];
  dataLocation?: number;
}

interface RawAttribute {
  name?: string;
  f?: number;
  i?: Long;
  s?: Uint8Array;
  t?: RawTensor;
  ints?: Long[];
}

interface RawModel {
  producerName?: string;
  graph?: {
    name?: string;
    node?: {
      name?: string;
      opType?: string;
      domain?: string;
      input?: string[];
      output?: string[];
      attribute?: RawAttribute[];
    }[];
    initializer?: RawTensor[];
    input?: RawValue[];
    output?: RawValue[];
  };
  opsetImport?: { domain?: string; version?: Long }[];
  metadataProps?: { key?: string; value?: string }[];
}

interface RawValue {
  name?: string;
  type?: { tensorType?: { shape?: { dim?: { dimValue?: Long }[] } } };
}

/** One node of an ONNX graph, its attributes by name. */
export interface OnnxNode {
  name: string;
  opType: string;
  input: string[];
  output: string[];
  attributes: ReadonlyMap<string, RawAttribute>;
}

/** An ONNX model without what its parameters do not depend on. */
export interface OnnxModel {
  producer: string;
  opset: number;
  graphName: string;
  nodes: OnnxNode[];
  /** Initialisers and constants of floating-point numbers. */
  tensors: Map<string, StoredTensor>;
  /** Initialisers and constants of whole numbers. */
  integers: Map<string, number[]>;
  /** Inputs that are no initialisers; sizes of unknown dimensions are undefined. */
  inputs: { name: string; shape: (number | undefined)[] }[];
  outputs: string[];
  metadata: Record<string, string>;
}

/** More dimensions than this are no network's parameter. */
const MAX_DIMENSIONS = 8;
/** More numbers than this are no shape, pad or axis. */
const MAX_INTEGERS = 1024;

function invalid(source: string, problem: string, cause?: unknown): DetectorError {
  return new DetectorError(
    'INVALID_WEIGHTS',
    `${source}: not a sound ONNX model: ${problem}`,
    { cause },
  );
}

/**
 * Reads an ONNX model: its nodes, and its initialisers by name, whichever field has
 * their numbers. Numbers in other files ("external data") are refused, since their
 * paths are whatever the file says.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS
 */
export function readOnnx(bytes: Uint8Array, source: string): OnnxModel {
  let raw: RawModel;
  try {
    raw = ModelProto.decode(bytes) as unknown as RawModel;
  } catch (error) {
    throw invalid(source, `${(error as Error).message} (truncated?)`, error);
  }
  const { graph, opsetImport = [], metadataProps = [] } = raw;
  if (!graph) throw invalid(source, 'it has no graph');
  const tensors = new Map<string, StoredTensor>();
  const integers = new Map<string, number[]>();
  const keep = (tensor: RawTensor, name: string) => {
    if (tensors.has(name) || integers.has(name)) {
      throw invalid(source, `two initialisers are called "${name}"`);
    }
    if (tensor.dataType === INT64) integers.set(name, wholeNumbers(tensor, source));
    else tensors.set(name, storedTensor(tensor, name, source));
  };
  for (const tensor of graph.initializer ?? []) keep(tensor, tensor.name ?? '');

  const nodes: OnnxNode[] = [];
  for (const { name = '', opType = '', domain = '', ...node } of graph.node ?? []) {
    const { input = [], output = [], attribute = [] } = node;
    if (domain !== '' && domain !== 'ai.onnx') {
      throw invalid(source, `node "${name}" is of domain "${domain}"`);
    }
    const attributes = new Map(attribute.map((a) => [a.name ?? '', a]));
    const constant = opType === 'Constant' ? attributes.get('value')?.t : undefined;
    if (constant) keep(constant, output[0] ?? '');
    else nodes.push({ name, opType, input, output, attributes });
  }
  const main = opsetImport.find(({ domain = '' }) => domain === '');
  return {
    producer: raw.producerName ?? '',
    // Models before IR version 3 don't say; they are of the first one.
    opset: Number(main?.version ?? 1),
    graphName: graph.name ?? '',
    nodes,
    tensors,
    integers,
    inputs: (graph.input ?? [])
      .filter(({ name = '' }) => !tensors.has(name) && !integers.has(name))
      .map(({ name = '', type }) => ({
        name,
        shape: (type?.tensorType?.shape?.dim ?? []).map(({ dimValue }) =>
          Number(dimValue) > 0 ? Number(dimValue) : undefined,
        ),
      })),
    outputs: (graph.output ?? []).map(({ name = '' }) => name),
    metadata: Object.fromEntries(
      metadataProps.map(({ key = '', value = '' }) => [key, value]),
    ),
  };
}

function checkedShape(tensor: RawTensor, name: string, source: string): number[] {
  if (tensor.dataLocation || (tensor.externalData?.length ?? 0) > 0) {
    throw invalid(
      source,
      `the numbers of "${name}" are in another file, which is not read; save the model as one file`,
    );
  }
  const shape = (tensor.dims ?? []).map(Number);
  if (shape.length > MAX_DIMENSIONS || !shape.every((n) => n >= 0)) {
    throw invalid(source, `"${name}" has no proper shape`);
  }
  return shape;
}

const NUMBERS = new Map([
  [FLOAT, { type: 'float', bytes: 4 }],
  [FLOAT16, { type: 'float16', bytes: 2 }],
  [DOUBLE, { type: 'double', bytes: 8 }],
]);

function storedTensor(tensor: RawTensor, name: string, source: string): StoredTensor {
  const shape = checkedShape(tensor, name, source);
  const kind = NUMBERS.get(tensor.dataType ?? 0);
  const hasRaw = (tensor.rawData?.byteLength ?? 0) > 0;
  const data = hasRaw || !kind ? tensor.rawData : tensor.floatData;
  const length = data?.byteLength ?? 0;
  if (kind && length !== countOf(shape) * kind.bytes) {
    throw invalid(
      source,
      `"${name}" says [${shape.join(', ')}] and has ${length} bytes of ${kind.type}`,
    );
  }
  return {
    shape,
    type: kind?.type ?? `number ${tensor.dataType ?? 0}`,
    read() {
      if (!kind || !data) {
        throw invalid(
          source,
          `"${name}" has numbers of type ${tensor.dataType ?? 0}; float, float16 and double are understood`,
        );
      }
      const buffer = new Uint8Array(data).buffer;
      if (kind.bytes === 4) return new Float32Array(buffer);
      if (kind.bytes === 2) return halfToSingle(new Uint16Array(buffer));
      return Float32Array.from(new Float64Array(buffer));
    },
  };
}

function wholeNumbers(tensor: RawTensor, source: string): number[] {
  const name = tensor.name ?? '';
  const count = countOf(checkedShape(tensor, name, source));
  const { rawData: raw } = tensor;
  const isRaw = raw !== undefined && raw.byteLength > 0;
  const length = isRaw ? raw.byteLength / 8 : (tensor.int64Data?.length ?? 0);
  if (length !== count || count > MAX_INTEGERS) {
    throw invalid(
      source,
      `"${name}" should have ${count} whole numbers, has ${length}`,
    );
  }
  if (!isRaw) return (tensor.int64Data ?? []).map(Number);
  return [...new BigInt64Array(new Uint8Array(raw).buffer)].map(Number);
}
