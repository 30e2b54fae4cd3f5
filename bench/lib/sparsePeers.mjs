/**
 * One layer of a network as a product of matrices, and ways to work it out: each
 * gives a function that runs the product `COPIES` times, with other weights each
 * time, since a network never multiplies by the same ones twice in a row.
 */
import { importBuilt } from './run.mjs';

process.env.ORT_DISABLE_TELEMETRY = '1';
const ort = await import('onnxruntime-node');
const { ModelProto, FLOAT, INT64, integer, integers } = await importBuilt(
  'detectors/onnx/schema.js',
);
const { blocksFromDense, csrFromDense, multiplyCsr, multiplyDense, SimdProducts } =
  await importBuilt('detectors/sparse/index.js');

export const COPIES = 4;

const bytes = (array) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const tensorMessage = (name, dims, data) => ({
  name,
  dims,
  dataType: data instanceof BigInt64Array ? INT64 : FLOAT,
  rawData: bytes(data),
});
const value = (name, dims) => ({
  name,
  type: {
    tensorType: {
      elemType: FLOAT,
      shape: { dim: dims.map((dimValue) => ({ dimValue })) },
    },
  },
});

/**
 * A model of COPIES nodes that read one input. Of each result a single number
 * leaves the model, so that no time goes into copying results to JavaScript.
 */
async function session(node, inputDims, rank, initializers) {
  const nodes = [];
  const outputs = [];
  for (let i = 0; i < COPIES; i++) {
    nodes.push({ ...node(i), name: `product${i}`, output: [`product${i}`] });
    const [opType, output] = ['Slice', [`corner${i}`]];
    nodes.push({
      name: `corner${i}`,
      opType,
      input: [`product${i}`, 'zeros', 'ones'],
      output,
      attribute: [],
    });
    outputs.push({ name: `corner${i}`, type: { tensorType: { elemType: FLOAT } } });
  }
  const constant = (name, n) =>
    tensorMessage(name, [rank], new BigInt64Array(rank).fill(n));
  const model = ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ version: 17 }],
    graph: {
      name: 'products',
      node: nodes,
      initializer: [...initializers, constant('zeros', 0n), constant('ones', 1n)],
      input: [value('x', inputDims)],
      output: outputs,
    },
  }).finish();
  return ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
}

async function runner(made, x, dims) {
  const feeds = { x: new ort.Tensor('float32', x, dims) };
  return {
    run: () => made.run(feeds),
    // The first numbers of the products, to be checked.
    corners: async () =>
      Object.values(await made.run(feeds)).map(({ data }) => data[0]),
    dispose: () => made.release(),
  };
}

/** onnxruntime's product of weights [rows, columns] and activations [columns, width]. */
export async function librarySgemm(weights, x, { rows, columns, width }) {
  const made = await session(
    (i) => ({ opType: 'MatMul', input: [`w${i}`, 'x'], attribute: [] }),
    [columns, width],
    2,
    weights.map((w, i) => tensorMessage(`w${i}`, [rows, columns], w)),
  );
  return runner(made, x, [columns, width]);
}

/** The same with both factors transposed: onnxruntime packs the weights beforehand. */
export async function libraryPacked(weights, x, { rows, columns, width }) {
  const transpose = (from, height, across) => {
    const to = new Float32Array(from.length);
    for (let i = 0; i < height; i++)
      for (let j = 0; j < across; j++) to[j * height + i] = from[i * across + j];
    return to;
  };
  const made = await session(
    (i) => ({ opType: 'MatMul', input: ['x', `w${i}`], attribute: [] }),
    [width, columns],
    2,
    weights.map((w, i) =>
      tensorMessage(`w${i}`, [columns, rows], transpose(w, rows, columns)),
    ),
  );
  return runner(made, transpose(x, columns, width), [width, columns]);
}

/** The layer as a convolution node, perhaps in groups. */
export async function libraryConvolution(weights, layer, x, groups = 1) {
  const { outputs, inputs, size, batch, side } = layer;
  const attribute = [
    integers('kernel_shape', [size, size]),
    integers('pads', Array(4).fill((size - 1) / 2)),
    integer('group', groups),
  ];
  const shape = [outputs, inputs / groups, size, size];
  const made = await session(
    (i) => ({ opType: 'Conv', input: ['x', `w${i}`], attribute }),
    [batch, inputs, side, side],
    4,
    weights.map((w, i) => tensorMessage(`w${i}`, shape, w)),
  );
  return runner(made, x, [batch, inputs, side, side]);
}

/** Plain typed arrays, dense. */
export function plainDense(weights, x, { rows, columns, width }) {
  const out = new Float32Array(rows * width);
  return {
    run: () => weights.forEach((w) => multiplyDense(w, x, rows, columns, width, out)),
    first: (w = 0) => {
      multiplyDense(weights[w], x, rows, columns, width, out);
      return out[0];
    },
  };
}

/** Plain typed arrays, sparse. */
export function plainSparse(weights, x, { rows, columns, width }) {
  const matrices = weights.map((w) => csrFromDense(w, rows, columns));
  const out = new Float32Array(rows * width);
  return {
    run: () => matrices.forEach((matrix) => multiplyCsr(matrix, x, width, out)),
    first: (w = 0) => {
      multiplyCsr(matrices[w], x, width, out);
      return out[0];
    },
  };
}

/** WebAssembly SIMD, sparse: rows of nonzeros, or blocks of 4×4. */
export async function simdSparse(kind, weights, x, { rows, columns, width }) {
  const padded = SimdProducts.paddedWidth(width);
  const room = 4 * padded * (rows + columns + 8) + 12 * COPIES * rows * columns;
  const simd = await SimdProducts.create(room + (kind === 'blocks' ? 16 : 1) * 1e6);
  const matrices = weights.map((w) =>
    kind === 'csr'
      ? simd.storeCsr(csrFromDense(w, rows, columns))
      : simd.storeBlocks(blocksFromDense(w, rows, columns)),
  );
  const factor = simd.floats(matrices[0].columns * padded);
  for (let i = 0; i < columns; i++) {
    factor.set(x.subarray(i * width, (i + 1) * width), i * padded);
  }
  const out = simd.floats(matrices[0].rows * padded);
  return {
    run: () => matrices.forEach((matrix) => simd.multiply(matrix, factor, padded, out)),
    first: (w = 0) => {
      simd.multiply(matrices[w], factor, padded, out);
      return out[0];
    },
  };
}
