import protobuf from 'protobufjs/light.js';
import { DetectorError } from '../errors.js';
import { googlenetClassifier } from '../graph/googlenet.js';
import { parameterShapes } from '../graph/parameterShapes.js';
import { checkWeights, type Tensor, type Weights } from './weights.js';

/**
 * The few fields of Caffe's NetParameter that carry names and numbers; all else
 * is skipped. Field numbers: caffe.proto. `data` is a packed list of floats,
 * which has the same form on the wire as bytes, so it is read without a copy.
 */
const schema = protobuf.Root.fromJSON({
  nested: {
    NetParameter: {
      fields: {
        name: { type: 'string', id: 1 },
        layers: { rule: 'repeated', type: 'V1Layer', id: 2 },
        layer: { rule: 'repeated', type: 'Layer', id: 100 },
      },
    },
    V1Layer: {
      fields: {
        name: { type: 'string', id: 4 },
        blobs: { rule: 'repeated', type: 'Blob', id: 6 },
      },
    },
    Layer: {
      fields: {
        name: { type: 'string', id: 1 },
        blobs: { rule: 'repeated', type: 'Blob', id: 7 },
      },
    },
    Blob: {
      fields: {
        num: { type: 'int32', id: 1 },
        channels: { type: 'int32', id: 2 },
        height: { type: 'int32', id: 3 },
        width: { type: 'int32', id: 4 },
        data: { type: 'bytes', id: 5 },
        shape: { type: 'BlobShape', id: 7 },
      },
    },
    BlobShape: { fields: { dim: { rule: 'repeated', type: 'int64', id: 1 } } },
  },
});
const NetParameter = schema.lookupType('NetParameter');

interface Blob {
  num?: number;
  channels?: number;
  height?: number;
  width?: number;
  data?: Uint8Array;
  shape?: { dim?: (number | { toNumber(): number })[] };
}
interface Layer {
  name?: string;
  blobs?: Blob[];
}
interface Net {
  name?: string;
  layers?: Layer[];
  layer?: Layer[];
}

function invalid(source: string, problem: string, cause?: unknown): DetectorError {
  return new DetectorError(
    'INVALID_WEIGHTS',
    `${source}: not a sound .caffemodel: ${problem}`,
    {
      cause,
    },
  );
}

/** A blob's dimensions: `shape` in the later form, four numbers in the legacy one. */
function blobDimensions(blob: Blob): number[] {
  const { num = 0, channels = 0, height = 0, width = 0 } = blob;
  return blob.shape?.dim?.map(Number) ?? [num, channels, height, width];
}

/**
 * A blob as a tensor of `rank` dimensions: the legacy form pads shapes with
 * leading ones ([1, 1, out, in] for a linear layer), which are dropped.
 */
function blobTensor(blob: Blob, rank: number, place: string, source: string): Tensor {
  const dimensions = blobDimensions(blob);
  const count = dimensions.reduce((product, n) => product * n, 1);
  const bytes = blob.data ?? new Uint8Array(0);
  if (!dimensions.every((n) => n >= 1) || bytes.byteLength !== 4 * count) {
    throw invalid(
      source,
      `${place} says [${dimensions.join(', ')}] and holds ${bytes.byteLength / 4} numbers`,
    );
  }
  while (dimensions.length > rank && dimensions[0] === 1) dimensions.shift();
  return { shape: dimensions, data: new Float32Array(new Uint8Array(bytes).buffer) };
}

/**
 * Reads the parameters of a Caffe GoogLeNet classifier (`.caffemodel`, in the
 * legacy V1 form with `layers` or the later one with `layer`). Auxiliary heads
 * (`loss1/…`, `loss2/…`) are left out. The number of classes is that of the
 * file's own classifier.
 *
 * @param source what to call the file in messages
 * @throws DetectorError INVALID_WEIGHTS when the file is truncated or no
 *   .caffemodel; WEIGHTS_MISMATCH when it is another network's.
 */
export function readCaffemodel(bytes: Uint8Array, source: string): Weights {
  let net: Net;
  try {
    net = NetParameter.decode(bytes) as unknown as Net;
  } catch (error) {
    throw invalid(
      source,
      `${(error as Error).message} (truncated, or another kind of file)`,
      error,
    );
  }
  const layers = [...(net.layers ?? []), ...(net.layer ?? [])].filter(
    (layer) => (layer.blobs?.length ?? 0) > 0,
  );
  if (layers.length === 0) throw invalid(source, 'it has no layer with numbers in it');

  const classifier = layers.find((layer) => layer.name === 'loss3/classifier');
  const classes = (classifier?.blobs?.[1]?.data?.byteLength ?? 0) / 4;
  if (!classifier || !Number.isInteger(classes) || classes < 1) {
    throw new DetectorError(
      'WEIGHTS_MISMATCH',
      `${source}: the network in it (${JSON.stringify(net.name ?? '')}) has no layer "loss3/classifier" with a bias; only GoogLeNet classifiers can be imported`,
    );
  }
  const graph = googlenetClassifier(classes);
  const shapes = parameterShapes(graph);
  const tensors = new Map<string, Tensor>();
  for (const { name = '', blobs = [] } of layers) {
    if (/^loss[12]\//.test(name)) continue;
    if (blobs.length > 2)
      throw invalid(source, `layer "${name}" has ${blobs.length} blobs`);
    for (const [i, blob] of blobs.entries()) {
      const key = `${name}/${i === 0 ? 'weight' : 'bias'}`;
      if (tensors.has(key)) throw invalid(source, `two layers are called "${name}"`);
      const rank = shapes.get(key)?.length ?? 4;
      tensors.set(key, blobTensor(blob, rank, `blob ${i} of layer "${name}"`, source));
    }
  }
  const weights = {
    tensors,
    metadata: {
      graph: graph.name,
      classes: String(classes),
      preprocessing: JSON.stringify({
        channels: 'BGR',
        range: [0, 255],
        mean: [104, 117, 123],
      }),
    },
  };
  checkWeights(graph, weights, source);
  return weights;
}
