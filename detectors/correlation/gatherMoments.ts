import type { Engine } from '../engines/engine.js';
import type { Graph } from '../graph/types.js';
import type { Tensor, Weights } from '../weights/weights.js';
import { CoMoments } from './coMoments.js';
import type { Site } from './findSites.js';
import { samplePositions } from './samplePositions.js';

export interface GatherOptions {
  /**
   * At most so many positions of an image count for a layer, spread evenly.
   * @default 256
   */
  positions?: number;
  /**
   * Layers are gathered together as long as their matrices take no more bytes than
   * this; what does not fit takes another pass over the images.
   * @default 64 MiB
   */
  memory?: number;
}

/**
 * Runs images through a network and gathers, layer by layer, how its units vary
 * together. The images are asked for once for each pass.
 *
 * @param images gives the inputs, [1, channels, height, width], anew at each call
 */
export async function* gatherMoments(
  network: { graph: Graph; weights: Weights },
  engine: Engine,
  sites: readonly Site[],
  images: () => AsyncIterable<Tensor>,
  { positions = 256, memory = 2 ** 26 }: GatherOptions = {},
): AsyncGenerator<{ site: Site; moments: CoMoments }> {
  for (const pass of planPasses(sites, memory)) {
    const gathered = pass.map((site) => ({
      site,
      moments: new CoMoments(site.units.length),
    }));
    const session = await engine.load(network.graph, network.weights, {
      outputs: pass.map(({ name }) => name),
    });
    try {
      for await (const image of images()) {
        const activations = await session.run(image);
        for (const { site, moments } of gathered) {
          const { samples, count } = samplePositions(activations[site.name], positions);
          moments.add(samples, count);
        }
      }
    } finally {
      await session.dispose();
    }
    yield* gathered;
  }
}

/** Neighbouring layers whose matrices fit into the memory; each pass has one at least. */
function planPasses(sites: readonly Site[], memory: number): Site[][] {
  const passes: Site[][] = [];
  let room = 0;
  for (const site of sites) {
    const bytes = 8 * site.units.length ** 2;
    if (bytes > room) {
      passes.push([]);
      room = memory;
    }
    passes[passes.length - 1].push(site);
    room -= bytes;
  }
  return passes;
}
