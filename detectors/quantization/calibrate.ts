import type { Engine } from '../engines/engine.js';
import type { Graph } from '../graph/types.js';
import type { Tensor, Weights } from '../weights/weights.js';
import type { ActivationRanges } from './activationRanges.js';
import { RangeObserver, type CalibrationMethod } from './rangeObserver.js';

export interface CalibrateOptions {
  /** @default 'minmax' */
  method?: CalibrationMethod;
  /** Of the method `percentile`, in percent. @default 99.99 */
  percentile?: number;
}

/**
 * Finds the ranges that a network's activations have on some inputs: of what
 * convolutions read and give, and of concatenations.
 *
 * @param inputs one at a time, [batch, channels, height, width]
 */
export async function calibrate(
  engine: Engine,
  graph: Graph,
  weights: Weights,
  inputs: AsyncIterable<Tensor> | Iterable<Tensor>,
  options: CalibrateOptions = {},
): Promise<ActivationRanges> {
  const { method = 'minmax', percentile } = options;
  const outputs = quantizedActivations(graph);
  const observers = new Map(outputs.map((name) => [name, new RangeObserver()]));
  const session = await engine.load(graph, weights, { outputs });
  try {
    for await (const input of inputs) {
      const activations = await session.run(input);
      for (const [name, observer] of observers)
        observer.observe(activations[name].data);
    }
  } finally {
    await session.dispose();
  }
  return new Map(
    [...observers].map(([name, observer]) => [
      name,
      observer.range(method, percentile),
    ]),
  );
}

/** What is written as bytes when convolutions run in 8 bits. */
function quantizedActivations(graph: Graph): string[] {
  const names = new Set<string>();
  const convolutions = new Set<string>();
  for (const node of graph.nodes) {
    if (node.op === 'convolution') {
      convolutions.add(node.name);
      if (node.input !== graph.input) names.add(node.input);
    } else if (node.op === 'concat') names.add(node.name);
    else if (node.op === 'relu' && convolutions.has(node.input)) names.add(node.name);
  }
  return [...names];
}
