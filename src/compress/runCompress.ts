import writeFileAtomic from 'write-file-atomic';
import { mergeUnits } from '../../detectors/correlation/index.js';
import { chooseEngine, type EngineName } from '../../detectors/engines/chooseEngine.js';
import { writeSafetensors } from '../../detectors/weights/safetensors.js';
import type { Tensor } from '../../detectors/weights/weights.js';
import { UsageError } from '../errors.js';
import { openNetwork, type OpenedNetwork } from '../inspect/openNetwork.js';
import { findPhotoInputs } from '../inspect/photoInputs.js';
import { noProgress, showProgress } from '../progress.js';
import {
  compareClassifiers,
  compareDetectors,
  type AccuracyReport,
  type DetectionSet,
} from './compareAccuracy.js';
import {
  compareNetworks,
  costsOf,
  costSize,
  type Comparison,
  type Costs,
} from './measureCompression.js';
import { planFromImages, planFromReport, type PlanOptions } from './planMerges.js';

export interface CompressOptions {
  /** A detector or classifier. */
  file: string;
  /** The .safetensors file to write. */
  output: string;
  /** Report of `rcnn inspect correlations` to take the merges from. */
  from?: string;
  /** Photos to gather correlations on, and to compare the networks on. */
  photos?: readonly string[];
  /** At most so many of them, at even distances. @default 100 */
  count?: number;
  /** Least correlation of merged units. @default that of the report, else 0.95 */
  threshold?: number;
  /** See `PlanOptions`; a report has pairs. @default 'pairs' */
  by?: PlanOptions['by'];
  /** Each convolution keeps a multiple of so many outputs. @default 1 */
  multiple?: number;
  /** Only units of these, see `chooseSites`; all by default. */
  layers?: readonly string[];
  /** Longest side of the photos in the network. */
  side?: number;
  /** A detector's accuracy is measured on these. */
  detectionSet?: DetectionSet;
  /** A classifier's: a folder with a folder of photos for each class. */
  labeled?: { folder: string; limit: number };
  engine?: EngineName;
  quiet?: boolean;
}

export interface CompressReport {
  output: string;
  network: string;
  threshold?: number;
  /** Units that went, by layer. */
  layers: { name: string; units: number; merged: number }[];
  removed: number;
  /** [height, width] for which multiply-adds are counted. */
  size: [number, number];
  before: Costs;
  after: Costs;
  /** On some of the photos; absent without photos. */
  comparison?: Comparison & { photos: number };
  accuracy?: AccuracyReport;
}

/** Photos on which the two networks are run for time and difference. */
const COMPARED = 5;

/**
 * Merges units of a network that others can stand for, writes the narrower network
 * and says what it saves and costs.
 */
export async function runCompress(options: CompressOptions): Promise<CompressReport> {
  const { file, output, from, quiet = false, by = 'pairs', multiple = 1 } = options;
  const { layers } = options;
  checkOptions(options);
  const network = await openNetwork(file, options.side);
  const { engine } = await chooseEngine(options.engine);
  const watch = (what: string) => (total: number) =>
    quiet ? noProgress : showProgress(what, total);
  const inputs = options.photos
    ? await findPhotoInputs(options.photos, options.count ?? 100)
    : undefined;
  const threshold = options.threshold ?? (from ? undefined : 0.95);
  const images = async function* () {
    const progress = watch('correlations')(inputs!.photos.length);
    yield* inputs!.inputs(network, progress);
    progress.stop();
  };
  const plan = from
    ? await planFromReport(from, network, { threshold, multiple, layers })
    : await planFromImages(network, engine, images, {
        threshold: threshold!,
        by,
        multiple,
        layers,
      });
  const merged = mergeUnits(network.graph, network.weights, plan, file);
  const { name = network.graph.name } = network.weights.metadata;
  const metadata = {
    ...merged.weights.metadata,
    name: `${name}-narrow`,
    compressed_from: JSON.stringify({
      name,
      sha256: network.sha256,
      threshold,
      removed: merged.removed,
    }),
  };
  const bytes = writeSafetensors({ ...merged.weights, metadata });
  await writeFileAtomic(output, Buffer.from(bytes));

  // From here on the file that was written, as any other command would read it.
  const narrow = await openNetwork(output, options.side);
  const size = costSize(network);
  const report: CompressReport = {
    output,
    network: name,
    threshold,
    layers: plan.map(({ site, merges }) => ({
      name: site.name,
      units: site.units.length,
      merged: merges.length,
    })),
    removed: merged.removed,
    size,
    before: costsOf(network, size),
    after: costsOf(narrow, size),
  };
  if (inputs) {
    const some = await firstInputs(inputs.inputs(network));
    const compared = await compareNetworks(network, narrow, engine, some);
    report.comparison = { ...compared, photos: some.length };
  }
  report.accuracy = await compareAccuracy(options, network, watch('accuracy'));
  return report;
}

function checkOptions({ file, output, from, photos, by }: CompressOptions): void {
  if (from && by === 'combinations') {
    throw new UsageError(
      'BAD_OPTION',
      'a report has pairs; combinations need --photos to be looked at',
    );
  }
  if (!output.endsWith('.safetensors')) {
    throw new UsageError(
      'BAD_OUTPUT',
      `${output}: the output's name must end in .safetensors`,
    );
  }
  if (output === file) {
    throw new UsageError('BAD_OUTPUT', `${output}: would replace the network itself`);
  }
  if (!from && !photos) {
    throw new UsageError(
      'MISSING_OPTION',
      'say which units to merge: --from a report of "rcnn inspect correlations", or --photos to look at',
    );
  }
}

async function firstInputs(inputs: AsyncIterable<Tensor>): Promise<Tensor[]> {
  const some: Tensor[] = [];
  for await (const input of inputs) {
    some.push(input);
    if (some.length === COMPARED) break;
  }
  return some;
}

async function compareAccuracy(
  { file, output, detectionSet, labeled, engine }: CompressOptions,
  { detector }: OpenedNetwork,
  watch: (total: number) => ReturnType<typeof showProgress>,
): Promise<AccuracyReport | undefined> {
  const files = [file, output] as const;
  if (detectionSet) {
    if (detector) return compareDetectors(files, detectionSet, engine, watch);
    throw new UsageError('BAD_OPTION', '--annotations measures detectors, not this');
  }
  if (!labeled) return undefined;
  if (detector) {
    throw new UsageError('BAD_OPTION', '--labeled measures classifiers, not detectors');
  }
  return compareClassifiers(files, labeled.folder, labeled.limit, engine, watch);
}
