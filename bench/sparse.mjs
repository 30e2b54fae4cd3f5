/**
 * Dense against sparse: how sparse must the weights of GoogLeNet's own layers be for
 * a product that skips the zeros to beat the dense one? Szegedy et al. 2014, §3,
 * have it that even with 100 times fewer operations the overhead of lookups and
 * cache misses wins, which is why Inception approximates sparse structure by dense
 * parts. Each layer is a product [filters, inputs · size²] · [.., columns]; the
 * unfolding of 3×3 and 5×5 inputs is done beforehand, in favour of the sparse.
 *
 * Times are processor time. Dense: onnxruntime on one thread (the better of its two products; the convolution
 * node itself beside it) and plain typed arrays. Sparse: compressed rows in plain
 * typed arrays and in WebAssembly SIMD, and 4×4 blocks in SIMD. Nonzeros lie
 * anywhere (uniform) or in dense 8×8 squares (clustered).
 *
 *   node bench/sparse.mjs [--plot out/sparse.svg] [--layers a,b] [--counters cache-misses,...]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { countEvents, DEFAULT_EVENTS } from './lib/countEvents.mjs';
import { importBuilt, report } from './lib/run.mjs';
import {
  COPIES,
  libraryConvolution,
  libraryPacked,
  librarySgemm,
  plainDense,
  plainSparse,
  simdSparse,
} from './lib/sparsePeers.mjs';
import { sparsePlot } from './lib/sparsePlot.mjs';

const { values: args } = parseArgs({
  options: {
    plot: { type: 'string', default: 'out/sparse.svg' },
    layers: { type: 'string' },
    counters: { type: 'string', default: DEFAULT_EVENTS },
    /** What the counters count: a child of this script with METHOD,SPARSITY,RUNS. */
    child: { type: 'string' },
  },
});
const { randomNumbers } = await importBuilt('proposals/random.js');
const { clusteredPattern, connectedPattern, groupedConnections, sparsityOf } =
  await importBuilt('detectors/sparse/index.js');
const random = randomNumbers(1);

/** [name, filters, inputs, size, side of the map]: GoogLeNet's at 224×224. */
const GOOGLENET = [
  ['conv2/3x3_reduce', 64, 64, 1, 56],
  ['conv2/3x3', 192, 64, 3, 56],
  ['3a/1x1', 64, 192, 1, 28],
  ['3a/3x3', 128, 96, 3, 28],
  ['3b/5x5', 96, 32, 5, 28],
  ['4a/1x1', 192, 480, 1, 14],
  ['4c/3x3', 256, 128, 3, 14],
  ['4e/5x5', 128, 32, 5, 14],
  ['4e/pool_proj', 128, 528, 1, 14],
  ['5b/1x1', 384, 832, 1, 7],
  ['5b/3x3', 384, 192, 3, 7],
  ['loss3/classifier', 1000, 1024, 1, 1],
].map(([name, outputs, inputs, size, side]) => ({
  name,
  outputs,
  inputs,
  size,
  side,
  batch: 1,
}));
const SPARSITIES = [0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];
const METHODS = {
  'typed arrays, uniform': ['csr', 1, plainSparse],
  'typed arrays, clustered': ['csr', 8, plainSparse],
  'SIMD, uniform': ['csr', 1, (...rest) => simdSparse('csr', ...rest)],
  'SIMD, clustered': ['csr', 8, (...rest) => simdSparse('csr', ...rest)],
  'SIMD blocks, clustered': ['blocks', 8, (...rest) => simdSparse('blocks', ...rest)],
};

const layerNamed = (name) => GOOGLENET.find((layer) => layer.name === name);
const shapeOf = ({ outputs, inputs, size, side, batch }) => ({
  rows: outputs,
  columns: inputs * size * size,
  width: side * side * batch,
});
const patterns = (shape, sparsity, square) =>
  Array.from({ length: COPIES }, () =>
    clusteredPattern(shape.rows, shape.columns, sparsity, square, random),
  );
const activations = (length) => Float32Array.from({ length }, () => random() - 0.5);

/** Milliseconds that the processor has worked for us: what else the machine does is left out. */
function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds of one product: the best of five samples of 6 ms or more each. */
async function time({ run }) {
  let runs = 1;
  for (;;) {
    const start = processorTime();
    for (let i = 0; i < runs; i++) await run();
    const elapsed = processorTime() - start;
    if (elapsed >= 6) break;
    runs = Math.ceil(runs * Math.min(10, 8 / Math.max(elapsed, 0.1)));
  }
  let best = Infinity;
  for (let sample = 0; sample < 5; sample++) {
    const start = processorTime();
    for (let i = 0; i < runs; i++) await run();
    best = Math.min(best, (processorTime() - start) / runs);
  }
  return best / COPIES;
}

function mustAgree(expected, actual, what) {
  if (!(Math.abs(expected - actual) <= 1e-3 * (1 + Math.abs(expected)))) {
    throw new Error(`${what}: ${actual} instead of ${expected}`);
  }
}

/** Times of the dense products of a layer. */
async function timeDense(layer) {
  const shape = shapeOf(layer);
  const weights = patterns(shape, 0, 1).map(({ values }) => values);
  const x = activations(shape.columns * shape.width);
  const plain = plainDense(weights, x, shape);
  let library = Infinity;
  for (const make of [librarySgemm, libraryPacked]) {
    const peer = await make(weights, x, shape);
    const corners = await peer.corners();
    for (let w = 0; w < COPIES; w++) mustAgree(corners[w], plain.first(w), layer.name);
    library = Math.min(library, await time(peer));
    await peer.dispose();
  }
  const { inputs, side, batch } = layer;
  const convolution = await libraryConvolution(
    weights,
    layer,
    activations(inputs * side * side * batch),
  );
  const times = {
    library,
    convolution: await time(convolution),
    plain: await time(plain),
  };
  await convolution.dispose();
  return times;
}

/** Sparse against dense for one layer: { dense, points: { method: [{ sparsity, speed }] } }. */
async function measure(layer, sparsities = SPARSITIES, methods = Object.keys(METHODS)) {
  const shape = shapeOf(layer);
  const before = await timeDense(layer);
  const x = activations(shape.columns * shape.width);
  const times = Object.fromEntries(methods.map((name) => [name, []]));
  for (const name of methods) {
    const [, square, make] = METHODS[name];
    // A tile of 32 columns for one column of the product is no sensible use of SIMD.
    if (name.startsWith('SIMD') && shape.width < 16) continue;
    for (const sparsity of sparsities) {
      const made = patterns(shape, sparsity, square);
      const weights = made.map(({ values }) => values);
      const peer = await make(weights, x, shape);
      mustAgree(plainDense(weights, x, shape).first(), peer.first(), name);
      const actual = made.reduce((sum, p) => sum + sparsityOf(p), 0) / COPIES;
      times[name].push({ sparsity: actual, time: await time(peer) });
    }
  }
  // Dense once more: whatever else the machine did at one of the times doesn't count.
  const after = await timeDense(layer);
  const dense = Object.fromEntries(
    Object.entries(before).map(([peer, spent]) => [peer, Math.min(spent, after[peer])]),
  );
  const points = Object.fromEntries(
    Object.entries(times).map(([name, row]) => [
      name,
      row.map(({ sparsity, time: spent }) => ({
        sparsity,
        speed: dense.library / spent,
      })),
    ]),
  );
  return { layer: layer.name, shape, dense, points };
}

/**
 * The sparsity from which the sparse product is faster than `level` times the
 * library's: interpolated between logarithms of density and speed; undefined when
 * it never is.
 */
function breakEven(points, level = 1) {
  const past = points.findLastIndex(({ speed }) => speed < level) + 1;
  if (past === points.length) return undefined;
  if (past === 0) return points[0].sparsity;
  const [a, b] = [points[past - 1], points[past]];
  const part = Math.log(level / a.speed) / Math.log(b.speed / a.speed);
  const [from, to] = [Math.log(1 - a.sparsity), Math.log(1 - b.sparsity)];
  return 1 - Math.exp(from + part * (to - from));
}

const round = (number, digits = 3) =>
  number === undefined ? null : Number(number.toPrecision(digits));
/** A sparsity with three digits of what is left. */
const roundSparsity = (s) =>
  s === undefined ? null : Number((1 - round(1 - s)).toFixed(6));
const at = (points, sparsity) =>
  points.reduce((best, p) =>
    Math.abs(Math.log((1 - p.sparsity) / (1 - sparsity))) <
    Math.abs(Math.log((1 - best.sparsity) / (1 - sparsity)))
      ? p
      : best,
  );

function describe({ layer, shape, dense, points }) {
  const { rows, columns, width } = shape;
  console.log(
    `\n${layer}: ${rows}×${columns} · ${columns}×${width}; plain typed arrays ${round(dense.plain / dense.library)} times the library's time, its convolution node ${round(dense.convolution / dense.library)}`,
  );
  for (const [name, row] of Object.entries(points)) {
    if (row.length === 0) continue;
    const even = breakEven(row);
    console.log(
      `  ${name.padEnd(24)} ${even === undefined ? 'never faster' : `faster from ${(100 * even).toFixed(1)} % zeros`.padEnd(26)} at ${(100 * at(row, 0.99).sparsity).toFixed(1)} %: ${round(at(row, 0.99).speed)} times the library's speed`,
    );
  }
}

/** LeNet-5's C3 (LeCun et al. 1998, Table I): the inputs of each of 16 outputs. */
const run = (from, count) => Array.from({ length: count }, (_, i) => (from + i) % 6);
const C3 = [
  ...Array.from({ length: 6 }, (_, i) => run(i, 3)),
  ...Array.from({ length: 6 }, (_, i) => run(i, 4)),
  ...[0, 1, 2].map((i) => [i, i + 1, (i + 3) % 6, (i + 4) % 6].sort((a, b) => a - b)),
  run(0, 6),
];

/** Connection tables: the products that skip, and the library's own grouped node. */
async function measureTables() {
  const layers = [
    {
      name: 'LeNet-5 C3',
      outputs: 16,
      inputs: 6,
      size: 5,
      side: 10,
      batch: 16,
      table: C3,
    },
    ...[2, 4, 8, 16, 32].map((groups) => ({
      ...layerNamed('4c/3x3'),
      name: `4c/3x3 in ${groups} groups`,
      groups,
      table: groupedConnections(256, 128, groups),
    })),
  ];
  const found = [];
  for (const layer of layers) {
    const shape = shapeOf(layer);
    const { inputs, size, side, batch, groups, table } = layer;
    const dense = await timeDense(layer);
    const made = Array.from({ length: COPIES }, () =>
      connectedPattern(table, inputs, size * size, random),
    );
    const weights = made.map(({ values }) => values);
    const x = activations(shape.columns * shape.width);
    const entry = {
      name: layer.name,
      groups,
      sparsity: sparsityOf(made[0]),
      speed: {},
    };
    entry.speed['typed arrays'] =
      dense.library / (await time(plainSparse(weights, x, shape)));
    for (const kind of ['csr', 'blocks']) {
      const peer = await simdSparse(kind, weights, x, shape);
      entry.speed[kind === 'csr' ? 'SIMD' : 'SIMD blocks'] =
        dense.library / (await time(peer));
    }
    if (groups) {
      // Against the library's dense convolution node, like with like.
      const kept = weights.map((w) => w.filter((value) => value !== 0));
      const grouped = await libraryConvolution(
        kept,
        layer,
        activations(inputs * side * side * batch),
        groups,
      );
      entry.speed['library, grouped'] = dense.convolution / (await time(grouped));
      await grouped.dispose();
    }
    found.push(entry);
    const speeds = Object.entries(entry.speed).map(
      ([name, s]) => `${name} ${round(s)}`,
    );
    console.log(
      `  ${entry.name.padEnd(22)} ${(100 * entry.sparsity).toFixed(1)} % zeros: ${speeds.join(', ')}`,
    );
  }
  return found;
}

/** What the counters look at: one layer's product many times over. */
async function child(text) {
  const [method, sparsity, runs] = text.split(',');
  const layer = layerNamed('4c/3x3');
  const shape = shapeOf(layer);
  const x = activations(shape.columns * shape.width);
  const [square, make] =
    method === 'library'
      ? [1, librarySgemm]
      : [METHODS[method.replace('+', ', ')][1], METHODS[method.replace('+', ', ')][2]];
  const weights = patterns(shape, Number(sparsity), square).map(({ values }) => values);
  const peer = await make(weights, x, shape);
  for (let i = 0; i < Number(runs); i++) await peer.run();
}

async function main() {
  const wanted = args.layers?.split(',');
  const results = [];
  for (const layer of GOOGLENET) {
    if (wanted && !wanted.includes(layer.name)) continue;
    const result = await measure(layer);
    results.push(result);
    describe(result);
  }

  console.log('\n4a/1x1 at other batch sizes and with other numbers of filters');
  const base = layerNamed('4a/1x1');
  const variants = [
    ...[1, 4, 16].map((batch) => ({ ...base, batch, name: `batch ${batch}` })),
    ...[16, 64, 384, 768].map((outputs) => ({
      ...base,
      outputs,
      name: `${outputs} filters`,
    })),
  ];
  const varied = [];
  for (const layer of variants) {
    const result = await measure(
      layer,
      [0.5, 0.8, 0.9, 0.95, 0.99],
      ['typed arrays, uniform', 'SIMD, uniform', 'SIMD blocks, clustered'],
    );
    varied.push(result);
    describe(result);
  }

  console.log("\nconnection tables, speed against the library's dense product");
  const tables = await measureTables();
  const counts = await countEvents(import.meta.url, args.counters, {
    'library, dense': 'library,0',
    'typed arrays, uniform 99 %': 'typed arrays+uniform,0.99',
    'typed arrays, clustered 99 %': 'typed arrays+clustered,0.99',
    'SIMD, uniform 99 %': 'SIMD+uniform,0.99',
    'SIMD blocks, clustered 99 %': 'SIMD blocks+clustered,0.99',
  });

  mkdirSync(dirname(args.plot), { recursive: true });
  writeFileSync(
    args.plot,
    sparsePlot({ results, tables, breakEven, methods: Object.keys(METHODS) }),
  );
  console.log(`\nplot: ${args.plot}`);
  const byMethod = (pick) =>
    Object.fromEntries(Object.keys(METHODS).map((name) => [name, pick(name)]));
  const range = (numbers) =>
    [Math.min(...numbers), Math.max(...numbers)].map((n) => round(n));
  report({
    layers: results.length,
    break_even_sparsity: Object.fromEntries(
      results.map(({ layer, points }) => [
        layer,
        Object.fromEntries(
          Object.entries(points)
            .filter(([, row]) => row.length > 0)
            .map(([name, row]) => [name, roundSparsity(breakEven(row))]),
        ),
      ]),
    ),
    speed_at_99_least_most: byMethod((name) =>
      range(
        results
          .filter(({ points }) => points[name].length > 0)
          .map(({ points }) => at(points[name], 0.99).speed),
      ),
    ),
    plain_dense_speed_least_most: range(
      results.map(({ dense }) => dense.library / dense.plain),
    ),
    varied: Object.fromEntries(
      varied.map(({ layer, points }) => [
        layer,
        Object.fromEntries(
          Object.entries(points).map(([name, row]) => [
            name,
            roundSparsity(breakEven(row)),
          ]),
        ),
      ]),
    ),
    tables: Object.fromEntries(
      tables.map(({ name, sparsity, speed }) => [
        name,
        {
          sparsity: round(sparsity),
          ...Object.fromEntries(Object.entries(speed).map(([k, s]) => [k, round(s)])),
        },
      ]),
    ),
    counters: counts,
  });
}

if (args.child) await child(args.child);
else await main();
