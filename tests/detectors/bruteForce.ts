import type { Graph, GraphNode } from '../../detectors/graph/types.js';
import type { Tensor, Weights } from '../../detectors/weights/weights.js';

/*
 * Every kind of node from its definition in detectors/graph/types.ts, number by
 * number in double precision: what engines are compared with.
 */

interface Numbers {
  shape: number[];
  data: Float64Array;
}
type At = (n: number, c: number, y: number, x: number) => number;

/** Reads [batch, channels, height, width]; zero outside. */
const reader =
  ({ shape: [, C, H = 1, W = 1], data }: Numbers): At =>
  (n, c, y, x) =>
    y < 0 || x < 0 || y >= H || x >= W ? 0 : data[((n * C + c) * H + y) * W + x];

function fill(shape: number[], value: At): Numbers {
  const [N, C, H = 1, W = 1] = shape;
  const data = new Float64Array(N * C * H * W);
  for (let n = 0, i = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let y = 0; y < H; y++)
        for (let x = 0; x < W; x++, i++) data[i] = value(n, c, y, x);
  return { shape, data };
}

const range = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** Places of the windows along a side whose first pixel is in the input or the padding before it. */
function starts(side: number, size: number, stride: number, pad: number): number[] {
  const found = [];
  for (let start = -pad; start < side; start += stride) {
    found.push(start);
    if (start + size >= side + pad) break;
  }
  return found;
}

/** Runs a graph; gives every activation by name. */
export function bruteForce(
  graph: Graph,
  weights: Weights,
  input: Tensor,
): Map<string, Numbers> {
  const activations = new Map<string, Numbers>([
    [graph.input, { shape: [...input.shape], data: Float64Array.from(input.data) }],
  ]);
  for (const node of graph.nodes) {
    activations.set(node.name, compute(node, activations, weights));
  }
  return activations;
}

function compute(
  node: GraphNode,
  activations: Map<string, Numbers>,
  weights: Weights,
): Numbers {
  const parameter = (name: string) =>
    weights.tensors.get(`${node.name}/${name}`)?.data ?? new Float32Array(0);
  const input = activations.get('inputs' in node ? node.inputs[0] : node.input)!;
  const [N, C, H, W] = input.shape;
  const at = reader(input);
  const map = (value: (x: number, channel: number) => number) =>
    fill(input.shape, (n, c, y, x) => value(at(n, c, y, x), c));

  switch (node.op) {
    case 'convolution': {
      const { outputs, size, stride = 1, pad = 0, farPad = pad, groups = 1 } = node;
      const [weight, bias] = [parameter('weight'), parameter('bias')];
      const inGroup = C / groups;
      const side = (n: number) => Math.floor((n + pad + farPad - size) / stride) + 1;
      return fill([N, outputs, side(H), side(W)], (n, o, y, x) => {
        const first = Math.floor(o / (outputs / groups)) * inGroup;
        let total = bias[o] ?? 0;
        for (const c of range(inGroup))
          for (const j of range(size))
            for (const i of range(size))
              total +=
                weight[((o * inGroup + c) * size + j) * size + i] *
                at(n, first + c, y * stride - pad + j, x * stride - pad + i);
        return total;
      });
    }
    case 'fixedConvolution': {
      const { orientations, size, stride = 1, pad = 0 } = node;
      // As Caffe and ONNX have it: an even size reaches further up than down.
      const reach = Math.floor((size - 1) / 2);
      const inside = range(size, -reach)
        .flatMap((y) => range(size, -reach).map((x) => ({ x, y })))
        .filter(({ x, y }) => x * x + y * y <= (size / 2) ** 2);
      const filters = range(orientations).map((k) => {
        const angle = (k * Math.PI) / orientations;
        const raw = inside.map(({ x, y }) => {
          const u = x * Math.cos(angle) + y * Math.sin(angle);
          const v = -x * Math.sin(angle) + y * Math.cos(angle);
          const gauss = (u * u + (node.aspect * v) ** 2) / (2 * node.sigma ** 2);
          return Math.exp(-gauss) * Math.cos((2 * Math.PI * u) / node.wavelength);
        });
        const mean = sum(raw) / raw.length;
        const norm = Math.sqrt(sum(raw.map((value) => (value - mean) ** 2)));
        return raw.map((value) => (value - mean) / norm);
      });
      const side = (n: number) => Math.floor((n + 2 * pad - size) / stride) + 1;
      return fill([N, orientations, side(H), side(W)], (n, k, row, column) =>
        sum(
          inside.map(({ x, y }, i) => {
            const down = row * stride - pad + reach + y;
            const right = column * stride - pad + reach + x;
            return (
              (filters[k][i] * sum(range(C).map((c) => at(n, c, down, right)))) / C
            );
          }),
        ),
      );
    }
    case 'relu':
      return map((x) => Math.max(x, 0));
    case 'tanh':
      return map((x) => (node.amplitude ?? 1) * Math.tanh((node.slope ?? 1) * x));
    case 'maxPool':
    case 'averagePool': {
      const { size, stride, pad = 0 } = node;
      const [rows, columns] = [H, W].map((side) => starts(side, size, stride, pad));
      return fill([N, C, rows.length, columns.length], (n, c, y, x) => {
        const within = (start: number, end: number) =>
          range(size, start).filter((i) => i < end);
        if (node.op === 'maxPool') {
          return Math.max(
            ...within(rows[y], H)
              .filter((i) => i >= 0)
              .flatMap((j) =>
                within(columns[x], W)
                  .filter((i) => i >= 0)
                  .map((i) => at(n, c, j, i)),
              ),
          );
        }
        const values = within(rows[y], H + pad).flatMap((j) =>
          within(columns[x], W + pad).map((i) => at(n, c, j, i)),
        );
        return sum(values) / values.length;
      });
    }
    case 'localResponseNormalization': {
      const { size, alpha, beta, k } = node;
      // As Caffe and ONNX have it: an even size reaches further up than down.
      const reach = Math.floor((size - 1) / 2);
      return fill(input.shape, (n, c, y, x) => {
        const near = range(size, c - reach).filter((i) => i >= 0 && i < C);
        const squares = sum(near.map((i) => at(n, i, y, x) ** 2));
        return at(n, c, y, x) / (k + (alpha / size) * squares) ** beta;
      });
    }
    case 'batchNormalization': {
      const [weight, bias, mean, variance] = ['weight', 'bias', 'mean', 'variance'].map(
        parameter,
      );
      return map(
        (x, c) =>
          ((x - mean[c]) / Math.sqrt(variance[c] + node.epsilon)) * weight[c] + bias[c],
      );
    }
    case 'channelScale':
      return map((x, c) => x * parameter('weight')[c] + parameter('bias')[c]);
    case 'concat': {
      const parts = node.inputs.map((name) => activations.get(name)!);
      const channels = parts.flatMap((part) =>
        range(part.shape[1]).map((c) => ({ read: reader(part), c })),
      );
      return fill([N, channels.length, ...input.shape.slice(2)], (n, c, y, x) =>
        channels[c].read(n, channels[c].c, y, x),
      );
    }
    case 'maximum': {
      const parts = node.inputs.map((name) => reader(activations.get(name)!));
      return fill(input.shape, (n, c, y, x) =>
        Math.max(...parts.map((part) => part(n, c, y, x))),
      );
    }
    case 'globalAveragePool':
      return fill([N, C], (n, c) => {
        const values = range(H).flatMap((y) => range(W).map((x) => at(n, c, y, x)));
        return sum(values) / values.length;
      });
    case 'flatten':
      return { shape: [N, C * H * W], data: input.data };
    case 'dropout':
      return input;
    case 'linear':
      return fill([N, node.outputs], (n, o) => {
        const products = range(C).map(
          (i) => at(n, i, 0, 0) * parameter('weight')[o * C + i],
        );
        return sum(products) + parameter('bias')[o];
      });
    case 'radialBasis':
      return fill([N, node.outputs], (n, o) =>
        sum(
          range(C).map((i) => (at(n, i, 0, 0) - parameter('weight')[o * C + i]) ** 2),
        ),
      );
    case 'softmax':
      return fill(input.shape, (n, c, y, x) => {
        const total = sum(range(C).map((i) => Math.exp(at(n, i, y, x))));
        return Math.exp(at(n, c, y, x)) / total;
      });
    case 'spaceToBatch': {
      const { block } = node;
      const sides = [H, W].map((side) => Math.ceil(side / block));
      return fill([N * block ** 2, C, ...sides], (n, c, y, x) => {
        const grid = n % block ** 2;
        const [j, i] = [Math.floor(grid / block), grid % block];
        return at(Math.floor(n / block ** 2), c, y * block + j, x * block + i);
      });
    }
    case 'batchToSpace': {
      const { block } = node;
      const sides = activations.get(node.like)!.shape.slice(2);
      return fill([N / block ** 2, C, ...sides], (n, c, y, x) => {
        const grid = (y % block) * block + (x % block);
        return at(
          n * block ** 2 + grid,
          c,
          Math.floor(y / block),
          Math.floor(x / block),
        );
      });
    }
  }
}
