import { mkdir, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { nodeInputs } from '../../detectors/graph/activationShapes.js';
import type { Graph } from '../../detectors/graph/types.js';
import { exportOnnx } from '../../detectors/onnx/exportOnnx.js';
import { emitTfjs } from '../../detectors/tfjs/emitTfjs.js';
import { graphOfWeights } from '../../detectors/weights/graphOfWeights.js';
import { writeSafetensors } from '../../detectors/weights/safetensors.js';
import { UsageError } from '../errors.js';
import { importFile } from './importFile.js';

export const EXPORT_FORMATS = ['onnx', 'tfjs', 'safetensors'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportFileOptions {
  /** @default by the output's name: .onnx, .safetensors, or a folder for tfjs */
  format?: ExportFormat;
  /** Names of the activations that the model gives. @default those that nothing reads */
  outputs?: readonly string[];
}

export interface ExportedFile {
  format: ExportFormat;
  graph: Graph;
  outputs: readonly string[];
  /** The files written. */
  files: string[];
}

/**
 * Writes the network of a weights file in another form.
 *
 * @throws UsageError BAD_OUTPUT, NOT_EMPTY, NOT_READABLE; DetectorError as
 *   `importWeights`, and INVALID_GRAPH for outputs that the network lacks
 */
export async function exportFile(
  path: string,
  output: string,
  options: ExportFileOptions = {},
): Promise<ExportedFile> {
  const format = options.format ?? formatOf(output);
  const weights = await importFile(path);
  const graph = graphOfWeights(weights, path);
  const outputs = options.outputs ?? lastActivations(graph);
  const done = (files: string[]) => ({ format, graph, outputs, files });
  if (format === 'tfjs') {
    const { model, shards } = emitTfjs(graph, weights, outputs);
    await mkdir(output, { recursive: true });
    await refuseOthers(output);
    for (const [name, bytes] of shards) {
      await writeFileAtomic(join(output, name), Buffer.from(bytes));
    }
    // Last, so that a model.json never names shards that are not there.
    await writeFileAtomic(join(output, 'model.json'), JSON.stringify(model));
    return done([...shards.keys(), 'model.json'].map((name) => join(output, name)));
  }
  const bytes =
    format === 'onnx' ? exportOnnx(graph, weights, outputs) : writeSafetensors(weights);
  await writeFileAtomic(output, Buffer.from(bytes));
  return done([output]);
}

function formatOf(output: string): ExportFormat {
  const ending = extname(output);
  if (ending === '.onnx') return 'onnx';
  if (ending === '.safetensors') return 'safetensors';
  if (ending === '' || /[/\\]$/.test(output)) return 'tfjs';
  throw new UsageError(
    'BAD_OUTPUT',
    `${output}: a name that ends in .onnx or .safetensors is needed, or a folder for tfjs`,
  );
}

/** Activations that no other node reads, in the graph's order. */
function lastActivations(graph: Graph): string[] {
  const read = new Set(graph.nodes.flatMap((node) => nodeInputs(node)));
  return graph.nodes.map(({ name }) => name).filter((name) => !read.has(name));
}

/** A folder of other things is left alone. */
async function refuseOthers(folder: string): Promise<void> {
  const others = (await readdir(folder)).filter(
    (name) => !/^(model\.json|group1-shard\d+of\d+\.bin)$/.test(name),
  );
  if (others.length > 0) {
    throw new UsageError(
      'NOT_EMPTY',
      `${folder}: has other files in it (${others[0]}); name a folder of its own`,
    );
  }
}
