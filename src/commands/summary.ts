import { Command, InvalidArgumentError } from 'commander';
import {
  comparePublished,
  type PublishedComparison,
} from '../../detectors/graph/comparePublished.js';
import { backboneOf } from '../../detectors/graph/detectorGraph.js';
import { networkNamed, networks } from '../../detectors/graph/networks/index.js';
import {
  summarizeNetwork,
  type NetworkSummary,
} from '../../detectors/graph/summarizeNetwork.js';
import type { Graph } from '../../detectors/graph/types.js';
import { readModel } from '../../detectors/model.js';
import { graphOfWeights } from '../../detectors/weights/graphOfWeights.js';
import { readWeights } from '../../detectors/weights/safetensors.js';
import { checkWritable, writeJson } from '../evaluation/files.js';
import { readInputFile } from '../files/readInputFile.js';
import { describeNetworks, describeSummary } from '../summary/describeSummary.js';

type Size = readonly [number, number];

interface SummaryCommandOptions {
  inputSize?: Size;
  json?: string | true;
}

/** A network's numbers with what is published of it. */
interface Report extends NetworkSummary {
  title?: string;
  paper?: string;
  published?: PublishedComparison;
}

export function summaryCommand(): Command {
  return new Command('summary')
    .description('layers, parameters, multiply-adds and memory of a network')
    .argument(
      '[network]',
      'a name, or a .safetensors file of ours; without it, all networks in one table',
    )
    .option(
      '--input-size <size>',
      'height and width in pixels, as in 224x224 (default: the network’s own)',
      parseSize,
    )
    .option(
      '-j, --json [file]',
      'all numbers as JSON, into a file or in place of the tables',
    )
    .addHelpText('after', `\nNetworks: ${Object.keys(networks).join(', ')}.`)
    .action(runSummary);
}

async function runSummary(
  network: string | undefined,
  { inputSize, json }: SummaryCommandOptions,
): Promise<void> {
  if (typeof json === 'string') await checkWritable(json);
  const reports =
    network === undefined
      ? Object.keys(networks).map((name) => reportOf(name, inputSize))
      : [
          network.endsWith('.safetensors')
            ? await reportOfFile(network, inputSize)
            : reportOf(network, inputSize),
        ];
  const found = network === undefined ? reports : reports[0];
  if (json === true) {
    process.stdout.write(JSON.stringify(found, null, 1) + '\n');
    return;
  }
  if (json) await writeJson(json, found);
  process.stdout.write(
    network === undefined
      ? describeNetworks(reports)
      : describeSummary(reports[0], reports[0]),
  );
}

/** A network's numbers, held against what is published of it where they are for its own size. */
function reportOf(name: string, inputSize?: Size): Report {
  const network = networkNamed(name);
  const graph = network.build();
  const summary = summarizeNetwork(graph, inputSize);
  const isOwn = summary.inputSize.join() === graph.inputSize?.join();
  const { title, paper } = network;
  return {
    ...{ title, paper },
    ...summary,
    ...(isOwn ? { published: comparePublished(network, summary) } : {}),
  };
}

async function reportOfFile(file: string, inputSize?: Size): Promise<Report> {
  const weights = readWeights(await readInputFile(file), file);
  let graph: Graph;
  let size = inputSize;
  if (backboneOf(weights.metadata.graph ?? '') !== undefined) {
    const { photoSide, ...model } = readModel(weights, file);
    graph = model.graph;
    // The largest photo that it is used on.
    size ??= [photoSide, photoSide];
  } else graph = graphOfWeights(weights, file);
  return summarizeNetwork(graph, size);
}

/** Sides up to this are summed up; no graph needs more. */
const MAX_SIDE = 16384;

function parseSize(text: string): Size {
  const [, height, width] = /^(\d{1,5})[x×](\d{1,5})$/.exec(text) ?? [];
  const size = [Number(height), Number(width)] as const;
  if (!size.every((side) => side >= 1 && side <= MAX_SIDE)) {
    throw new InvalidArgumentError(
      `HEIGHTxWIDTH in pixels is needed, as in 224x224, each up to ${MAX_SIDE}.`,
    );
  }
  return size;
}
