import {
  findSites,
  gatherMoments,
  proposeMerges,
  type Merge,
  type Site,
  type SiteMerges,
} from '../../detectors/correlation/index.js';
import type { Engine } from '../../detectors/engines/engine.js';
import type { Tensor } from '../../detectors/weights/weights.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';
import type { OpenedNetwork } from '../inspect/openNetwork.js';

/**
 * The merges that a network's activations on some images allow.
 *
 * @param threshold least correlation
 */
export async function planFromImages(
  network: OpenedNetwork,
  engine: Engine,
  images: () => AsyncIterable<Tensor>,
  threshold: number,
): Promise<SiteMerges[]> {
  const sites = findSites(network.graph).filter(({ fixed }) => fixed === undefined);
  const plan: SiteMerges[] = [];
  for await (const { site, moments } of gatherMoments(network, engine, sites, images)) {
    if (moments.count < 2) {
      throw new UsageError('NO_PHOTOS', 'none of the photos could be used');
    }
    const merges = proposeMerges(moments, moments.correlations(), threshold);
    plan.push({ site, merges });
  }
  return plan;
}

/**
 * The merges of a report of `rcnn inspect correlations`, from a correlation on.
 *
 * @throws UsageError INVALID_REPORT when it is none, or of other weights, or has only
 *   merges above a higher correlation
 */
export async function planFromReport(
  file: string,
  network: OpenedNetwork,
  threshold: number | undefined,
): Promise<SiteMerges[]> {
  const fail = (problem: string): never => {
    throw new UsageError('INVALID_REPORT', `${file}: ${problem}`);
  };
  let report: unknown;
  try {
    report = JSON.parse(Buffer.from(await readInputFile(file)).toString('utf8'));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    fail(`is no JSON (${(error as Error).message})`);
  }
  const {
    sha256,
    threshold: least,
    layers,
  } = (report ?? {}) as Record<string, unknown>;
  if (!Array.isArray(layers) || typeof least !== 'number') {
    return fail('is no report of "rcnn inspect correlations"');
  }
  if (sha256 !== network.sha256) {
    fail(`was made of other weights than ${network.file}; inspect these first`);
  }
  if (threshold !== undefined && threshold < least) {
    fail(
      `has units that correlate by ${least} or more; for ${threshold} inspect with --threshold ${threshold}`,
    );
  }
  const sites = new Map(findSites(network.graph).map((site) => [site.name, site]));
  return layers.flatMap((layer: unknown, i) => {
    const { name, merges } = (layer ?? {}) as Record<string, unknown>;
    const site = sites.get(String(name));
    if (!site || !Array.isArray(merges) || !merges.every(isMerge)) {
      return fail(`layers[${i}] names no layer of "${network.graph.name}" with merges`);
    }
    return mergesFrom(site, merges, threshold ?? least);
  });
}

function mergesFrom(
  site: Site,
  merges: readonly Merge[],
  threshold: number,
): SiteMerges[] {
  if (site.fixed !== undefined) return [];
  return [{ site, merges: merges.filter(({ r }) => r >= threshold) }];
}

function isMerge(value: unknown): value is Merge {
  const { unit, into, r, scale, offset } = (value ?? {}) as Partial<Merge>;
  return (
    [unit, r, scale, offset].every((number) => typeof number === 'number') &&
    (into === undefined || typeof into === 'number')
  );
}
