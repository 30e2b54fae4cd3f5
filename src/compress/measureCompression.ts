import type { Engine } from '../../detectors/engines/engine.js';
import { MAPS } from '../../detectors/graph/detectorGraph.js';
import { networkCosts, totalOf } from '../../detectors/graph/networkCosts.js';
import type { Tensor } from '../../detectors/weights/weights.js';
import type { OpenedNetwork } from '../inspect/openNetwork.js';

/** What a network takes. */
export interface Costs {
  parameters: number;
  /** For one image of `size`. */
  multiplyAdds: number;
}

/** [height, width] at which networks are compared: what they see of a photo at once. */
export function costSize({ detector, graph }: OpenedNetwork): [number, number] {
  const side = detector?.warp.side ?? graph.inputSize?.[0] ?? 224;
  return [side, side];
}

export function costsOf({ graph }: OpenedNetwork, size: [number, number]): Costs {
  const costs = [...networkCosts(graph, size).values()];
  return {
    parameters: totalOf(costs, 'parameters'),
    multiplyAdds: totalOf(costs, 'multiplyAdds'),
  };
}

/** How a network's output differs from another's on the same images, and how fast it is. */
export interface Comparison {
  /** Times the speed of the first network, on one thread, by processor time. */
  speed: number;
  /** Greatest difference of an output, as a part of the largest output. */
  difference: number;
}

/** Milliseconds that the processor has worked for this process. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Rounds of timing; the least time of each image counts. */
const ROUNDS = 5;

/**
 * Runs two networks in turn on the same images.
 *
 * @param images inputs of both
 */
export async function compareNetworks(
  first: OpenedNetwork,
  second: OpenedNetwork,
  engine: Engine,
  images: readonly Tensor[],
): Promise<Comparison> {
  const output = first.detector ? MAPS : first.graph.nodes.at(-1)!.name;
  const load = ({ graph, weights }: OpenedNetwork) =>
    engine.load(graph, weights, { outputs: [output], threads: 1 });
  const sessions = [await load(first), await load(second)];
  const best = images.map(() => [Infinity, Infinity]);
  let scale = 0;
  let error = 0;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, image] of images.entries()) {
        const results: Tensor[] = [];
        for (const [s, session] of sessions.entries()) {
          const start = processorTime();
          results.push((await session.run(image))[output]);
          best[i][s] = Math.min(best[i][s], processorTime() - start);
        }
        if (round > 0) continue;
        const [expected, actual] = results;
        for (let at = 0; at < expected.data.length; at++) {
          scale = Math.max(scale, Math.abs(expected.data[at]));
          error = Math.max(error, Math.abs(expected.data[at] - actual.data[at]));
        }
      }
    }
  } finally {
    for (const session of sessions) await session.dispose();
  }
  const total = (s: 0 | 1) => best.reduce((sum, times) => sum + times[s], 0);
  return { speed: total(0) / total(1), difference: scale > 0 ? error / scale : 0 };
}
