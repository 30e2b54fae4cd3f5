import {
  findSites,
  gatherMoments,
  proposeCombinations,
  proposeMerges,
  roundWidths,
  type CoMoments,
  type Merge,
  type Site,
  type SiteMerges,
} from '../../detectors/correlation/index.js';
import type { Engine } from '../../detectors/engines/engine.js';
import type { Tensor } from '../../detectors/weights/weights.js';
import { UsageError } from '../errors.js';
import { readInputFile } from '../files/readInputFile.js';
import { chooseSites } from '../inspect/chooseSites.js';
import type { OpenedNetwork } from '../inspect/openNetwork.js';

/**
 * With fewer samples, units that fired together by chance pass for one. A fully connected
 * layer has one sample a photo.
 */
export const LEAST_SAMPLES = 100;

/** How units are found that others can stand for. */
export interface PlanOptions {
  /** Least correlation. */
  threshold: number;
  /**
   * `pairs`: one other unit stands for a unit; `combinations`: all that stay do,
   * together.
   */
  by: 'pairs' | 'combinations';
  /** Each convolution keeps a multiple of so many outputs. */
  multiple: number;
  /** See `chooseSites`. */
  layers?: readonly string[];
}

/** The merges that a network's activations on some images allow. */
export async function planFromImages(
  network: OpenedNetwork,
  engine: Engine,
  images: () => AsyncIterable<Tensor>,
  options: PlanOptions,
): Promise<SiteMerges[]> {
  const sites = chooseSites(network.graph, options.layers).filter(
    ({ fixed }) => fixed === undefined,
  );
  const plan: SiteMerges[] = [];
  for await (const { site, moments } of gatherMoments(network, engine, sites, images)) {
    if (moments.count < 2) {
      throw new UsageError('NO_PHOTOS', 'none of the photos could be used');
    }
    checkSamples(site.name, moments.count);
    plan.push(proposePlan(site, moments, options));
  }
  return plan;
}

function checkSamples(layer: string, count: number): void {
  if (count >= LEAST_SAMPLES) return;
  throw new UsageError(
    'TOO_FEW_SAMPLES',
    `layer "${layer}": ${count} samples say too little of its units (at least ${LEAST_SAMPLES} are needed); take more photos, or leave it out with --layers`,
  );
}

/** The units of one layer that others can stand for. */
export function proposePlan(
  site: Site,
  moments: CoMoments,
  { threshold, by, multiple }: PlanOptions,
): SiteMerges {
  const correlations = moments.correlations();
  if (by === 'pairs') {
    const pairs = proposeMerges(moments, correlations, threshold);
    return { site, merges: bestMerges(pairs, site, multiple) };
  }
  return {
    site,
    merges: proposeCombinations(moments, correlations, site, threshold, multiple),
  };
}

/**
 * The merges of a report of `rcnn inspect correlations`, from a correlation on.
 *
 * @throws UsageError TOO_FEW_SAMPLES; INVALID_REPORT when it is none, or of other weights, or has only
 *   merges above a higher correlation
 */
export async function planFromReport(
  file: string,
  network: OpenedNetwork,
  { threshold, multiple, layers: wanted }: Omit<Partial<PlanOptions>, 'by'>,
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
  const chosen = new Set(chooseSites(network.graph, wanted).map(({ name }) => name));
  return layers.flatMap((layer: unknown, i) => {
    const { name, merges, samples } = (layer ?? {}) as Record<string, unknown>;
    const site = sites.get(String(name));
    if (!site || !Array.isArray(merges) || !merges.every(isMerge)) {
      return fail(`layers[${i}] names no layer of "${network.graph.name}" with merges`);
    }
    if (site.fixed !== undefined || !chosen.has(site.name)) return [];
    checkSamples(site.name, Number(samples));
    const correlated = merges.filter(({ unit, r }) => {
      if (!site.units[unit]) fail(`layers[${i}] has no unit ${unit}`);
      return r >= (threshold ?? least);
    });
    return [{ site, merges: bestMerges(correlated, site, multiple ?? 1) }];
  });
}

/** Of some merges the most correlated ones that leave a multiple of outputs. */
function bestMerges(merges: readonly Merge[], site: Site, multiple: number): Merge[] {
  const order = [...merges].sort((a, b) => b.r - a.r).map(({ unit }) => unit);
  const taken = new Set(roundWidths(order, site, multiple));
  return merges.filter(({ unit }) => taken.has(unit));
}

function isMerge(value: unknown): value is Merge {
  const { unit, terms, r, offset } = (value ?? {}) as Partial<Merge>;
  return (
    [unit, r, offset].every((number) => typeof number === 'number') &&
    Array.isArray(terms) &&
    terms.every((term: Partial<Merge['terms'][0]> | null) =>
      [term?.into, term?.scale].every((number) => typeof number === 'number'),
    )
  );
}
