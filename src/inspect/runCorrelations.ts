import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import {
  askedUnits,
  clusterUnits,
  cutClusters,
  effectiveUnits,
  gatherClusterSignals,
  gatherMoments,
  layerTopology,
  leafOrder,
  presentUnits,
  proposeMerges,
  type ClusteredSite,
  type CoMoments,
  type ClusterTopology,
  type Merge,
  type PatchCounts,
  type Site,
} from '../../detectors/correlation/index.js';
import { chooseEngine, type EngineName } from '../../detectors/engines/chooseEngine.js';
import { UsageError } from '../errors.js';
import type { InputFailure } from '../inputs/types.js';
import { noProgress, showProgress } from '../progress.js';
import { drawCorrelations } from './drawCorrelations.js';
import { chooseSites } from './chooseSites.js';
import { openNetwork, type OpenedNetwork } from './openNetwork.js';
import { findPhotoInputs, type PhotoInputs } from './photoInputs.js';

export interface CorrelationOptions {
  paths: readonly string[];
  /** A detector or classifier: .safetensors or .caffemodel. */
  weights: string;
  /** Names of activations, or their beginnings with a `*`; all by default. */
  layers?: readonly string[];
  /** Folder for pictures and correlations.json. */
  output?: string;
  /** At most so many photos, at even distances. @default 100 */
  photos?: number;
  /** Longest side of the photos in the network. */
  side?: number;
  /** At most so many positions of a photo count for a layer. @default 256 */
  positions?: number;
  /** Correlation from which one unit may stand for another. @default 0.95 */
  threshold?: number;
  /** Mean correlation from which units fire together. @default 0.3 */
  clusterThreshold?: number;
  engine?: EngineName;
  quiet?: boolean;
}

/** What was found in one layer. */
export interface LayerReport {
  name: string;
  /** The layers that make its units, in order. */
  parts: { node: string; units: number }[];
  units: number;
  /** Positions of photos that were looked at. */
  samples: number;
  /** Mean of |r| over all pairs. */
  meanCorrelation: number;
  /** Why its units cannot be merged; absent when they can. */
  fixed?: string;
  merges: Merge[];
  clusters: ClusterTopology[];
  /** File of its drawn matrix, in the output folder. */
  picture?: string;
}

/** What the correlations of a layer ask of the one above, beside what that has. */
export interface TopologyStep {
  from: string;
  to: string;
  asked: PatchCounts;
  present: { size: number | 'pool'; units: number }[];
}

export interface CorrelationReport {
  network: string;
  file: string;
  /** Of the file. */
  sha256: string;
  photos: number;
  side: number;
  /** Whether the network saw the middle of photos at one size. */
  isCropped: boolean;
  positions: number;
  threshold: number;
  clusterThreshold: number;
  layers: LayerReport[];
  topology: TopologyStep[];
  failures: InputFailure[];
}

/**
 * Runs photos through a network and says, layer by layer from the bottom, which of
 * its units fire together and which could be one.
 *
 * @throws UsageError NO_PHOTOS, UNKNOWN_LAYER
 */
export async function runCorrelations(
  options: CorrelationOptions,
): Promise<CorrelationReport> {
  const { output, quiet = false, positions = 256 } = options;
  const { threshold = 0.95, clusterThreshold = 0.3 } = options;
  const network = await openNetwork(options.weights, options.side);
  const sites = chooseSites(network.graph, options.layers);
  const photos = await findPhotoInputs(options.paths, options.photos ?? 100);
  const { engine } = await chooseEngine(options.engine);
  if (output) await mkdir(output, { recursive: true });

  const layers: LayerReport[] = [];
  const clustered: (ClusteredSite & { needs: number[] })[] = [];
  const images = watched(photos, network, 'correlations', quiet);
  for await (const { site, moments } of gatherMoments(network, engine, sites, images, {
    positions,
  })) {
    checkSamples(moments, photos);
    const { layer, clusters, order, correlations } = inspectLayer(site, moments, {
      threshold,
      clusterThreshold,
    });
    if (output) {
      layer.picture = `${String(layers.length + 1).padStart(2, '0')}-${site.name.replace(/[^\w.-]+/g, '_')}`;
      const picture = { site, correlations, order, clusters, network: network.name };
      await drawCorrelations(picture, join(output, layer.picture));
    }
    layers.push(layer);
    clustered.push({
      name: site.name,
      previous: site.previous,
      clusters,
      means: moments.mean,
      deviations: Float64Array.from(moments.mean, (_, i) => moments.deviation(i)),
      needs: clusters.map((units) =>
        effectiveUnits(correlations, site.units.length, units),
      ),
    });
  }
  const signals = await gatherClusterSignals(
    network,
    engine,
    clustered,
    watched(photos, network, 'topology', quiet),
    positions,
  );
  clustered.forEach(({ name, clusters, needs }, i) => {
    const own = signals.get(name)!;
    layers[i].clusters = layerTopology(clusters, needs, own, clusterThreshold);
  });
  const report: CorrelationReport = {
    network: network.name,
    file: network.file,
    sha256: network.sha256,
    photos: photos.photos.length - photos.failures.length,
    side: network.side,
    isCropped: network.isCropped,
    positions,
    threshold,
    clusterThreshold,
    layers,
    topology: topologySteps(sites, layers, network),
    failures: photos.failures,
  };
  if (output) {
    await writeFileAtomic(
      join(output, 'correlations.json'),
      JSON.stringify(report, null, 1) + '\n',
    );
  }
  return report;
}

function inspectLayer(
  site: Site,
  moments: CoMoments,
  { threshold, clusterThreshold }: { threshold: number; clusterThreshold: number },
) {
  const n = site.units.length;
  const correlations = moments.correlations();
  const joins = clusterUnits(correlations, n);
  const clusters = cutClusters(joins, n, 1 - clusterThreshold);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) if (i !== j) sum += Math.abs(correlations[i * n + j]);
  }
  const layer: LayerReport = {
    name: site.name,
    parts: partsOf(site),
    units: n,
    samples: moments.count,
    meanCorrelation: n > 1 ? sum / (n * (n - 1)) : 0,
    fixed: site.fixed,
    merges: proposeMerges(moments, correlations, threshold),
    clusters: [],
  };
  return { layer, clusters, order: leafOrder(joins, n), correlations };
}

/** Runs of units that one layer makes. */
export function partsOf({ units }: Site): { node: string; units: number }[] {
  const parts: { node: string; units: number }[] = [];
  for (const { node } of units) {
    const last = parts.at(-1);
    if (last?.node === node) last.units++;
    else parts.push({ node, units: 1 });
  }
  return parts;
}

/** Layers whose correlations ask for another that was looked at: modules, not their insides. */
function topologySteps(
  sites: readonly Site[],
  layers: readonly LayerReport[],
  { graph }: OpenedNetwork,
): TopologyStep[] {
  const isReduction = (site: Site) =>
    sites.some(
      (other) =>
        other !== site &&
        other.previous === site.previous &&
        site.consumers.every(({ node }) =>
          other.units.some((unit) => unit.node === node),
        ),
    );
  return sites.flatMap((to) => {
    const from = layers.find(({ name }) => name === to.previous);
    if (!from || isReduction(to)) return [];
    return {
      from: from.name,
      to: to.name,
      asked: askedUnits(from.clusters),
      present: presentUnits(graph, to),
    };
  });
}

function watched(
  photos: PhotoInputs,
  network: OpenedNetwork,
  what: string,
  quiet: boolean,
) {
  return async function* () {
    const progress = quiet ? noProgress : showProgress(what, photos.photos.length);
    try {
      yield* photos.inputs(network, progress);
    } finally {
      progress.stop();
    }
  };
}

function checkSamples({ count }: CoMoments, { failures }: PhotoInputs): void {
  if (count > 1) return;
  const reasons = failures
    .slice(0, 5)
    .map(({ file, reason }) => `\n  ${file}: ${reason}`);
  throw new UsageError(
    'NO_PHOTOS',
    `none of the photos could be used${reasons.join('')}`,
  );
}
