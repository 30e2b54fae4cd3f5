import { copyFile, rename, rm } from 'node:fs/promises';
import { Command, Option } from 'commander';
import writeFileAtomic from 'write-file-atomic';
import { networks } from '../../detectors/graph/networks/index.js';
import { PIXEL_FORMS } from '../../detectors/weights/classifierMetadata.js';
import { writeSafetensors } from '../../detectors/weights/safetensors.js';
import type { Weights } from '../../detectors/weights/weights.js';
import { UsageError } from '../errors.js';
import { quantizeCommand } from './quantize.js';
import { describePin } from '../weights/digest.js';
import { noDownloadProgress, showDownload } from '../weights/downloadProgress.js';
import {
  EXPORT_FORMATS,
  exportFile,
  type ExportFileOptions,
} from '../weights/exportFile.js';
import { importFile, type ImportFileOptions } from '../weights/importFile.js';
import { OFFICIAL_FILES } from '../weights/officialFiles.js';
import { defaultCache, pullWeights } from '../weights/pullWeights.js';
import { list, number } from './optionParsers.js';
import { compressCommand } from './weightsCompress.js';

export function weightsCommand(): Command {
  return new Command('weights')
    .description('weight files: fetch, import, export')
    .addCommand(importCommand())
    .addCommand(exportCommand())
    .addCommand(pullCommand())
    .addCommand(compressCommand())
    .addCommand(quantizeCommand());
}

function importCommand(): Command {
  return new Command('import')
    .description(
      'turn a weights file of Caffe, ONNX, PyTorch or tfjs into .safetensors',
    )
    .argument(
      '<file>',
      '.caffemodel, .onnx, .pth, .safetensors or a tfjs model.json; told by content',
    )
    .requiredOption('-o, --output <file>', 'the .safetensors file to write')
    .option('--network <name>', 'which network it is (default: the one that fits)')
    .option('--auxiliary', 'keep the auxiliary heads of training')
    .option('--mean <file>', 'Caffe mean file (.binaryproto): its channel means')
    .addOption(
      new Option(
        '--pixels <form>',
        'pixels that it was trained on, where the file does not say: caffe (BGR minus the mean; grey), signed (RGB or grey, -1 to 1), unit (0 to 1)',
      ).choices(PIXEL_FORMS),
    )
    .addHelpText('after', `\nNetworks: ${Object.keys(networks).join(', ')}.`)
    .action(
      async (
        file: string,
        { output, ...options }: ImportFileOptions & { output: string },
      ) => {
        checkOutput(output);
        await importTo(file, output, options);
      },
    );
}

function exportCommand(): Command {
  return new Command('export')
    .description('write a weights file as ONNX or as a tfjs graph model')
    .argument('<file>', 'weights in .safetensors form, or any that can be imported')
    .requiredOption(
      '-o, --output <path>',
      'a file that ends in .onnx or .safetensors, or a folder for tfjs',
    )
    .addOption(
      new Option('-f, --format <name>', "default: by the output's name").choices(
        EXPORT_FORMATS,
      ),
    )
    .option(
      '--outputs <names>',
      'activations that the model gives (default: those that nothing reads)',
      list,
    )
    .action(
      async (
        file: string,
        { output, ...options }: ExportFileOptions & { output: string },
      ) => {
        const { format, graph, outputs, files } = await exportFile(
          file,
          output,
          options,
        );
        process.stdout.write(
          `${output}: ${format}, ${graph.name}, outputs ${outputs.join(', ')}, ${files.length} ${files.length === 1 ? 'file' : 'files'}\n`,
        );
      },
    );
}

interface PullCommandOptions {
  output?: string;
  cache: string;
  mirror?: string;
  timeout: number;
  quiet?: boolean;
}

function pullCommand(): Command {
  const names = Object.entries(OFFICIAL_FILES).map(
    ([name, { title, pin }]) => `  ${name}: ${title}; ${describePin(pin)}`,
  );
  return new Command('pull')
    .description('fetch a published weights file and check its digest')
    .argument('<name>', 'see below')
    .option(
      '-o, --output <file>',
      'copy it there; when the name ends in .safetensors, import it (default: leave it in the cache)',
    )
    .option('--cache <dir>', 'folder that keeps downloads', defaultCache())
    .option('--mirror <url>', 'folder to fetch from instead, by the same file name')
    .option(
      '--timeout <seconds>',
      'give up a connection that gives nothing',
      number(1),
      30,
    )
    .option('-q, --quiet', 'no progress')
    .addHelpText('after', `\nNames:\n${names.join('\n')}`)
    .action(pull);
}

async function pull(name: string, options: PullCommandOptions): Promise<void> {
  const { output, cache, mirror, timeout, quiet } = options;
  const { file, path, isCached } = await pullWeights(name, {
    cache,
    mirror,
    stallTimeout: 1000 * timeout,
    progress: quiet ? noDownloadProgress : showDownload(name),
  });
  process.stdout.write(
    `${path}: ${isCached ? 'in the cache' : 'fetched'}, ${describePin(file.pin)}\n`,
  );
  if (output === undefined) return;
  if (output.endsWith('.safetensors')) return importTo(path, output);
  const draft = `${output}.part`;
  try {
    await copyFile(path, draft);
    await rename(draft, output);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  process.stdout.write(`${output}: ${file.title}\n`);
}

function checkOutput(output: string): void {
  if (output.endsWith('.safetensors')) return;
  throw new UsageError(
    'BAD_OUTPUT',
    `${output}: the output's name must end in .safetensors`,
  );
}

async function importTo(
  file: string,
  output: string,
  options: ImportFileOptions = {},
): Promise<void> {
  const weights = await importFile(file, options);
  await writeFileAtomic(output, Buffer.from(writeSafetensors(weights)));
  for (const note of weights.notes) process.stdout.write(`${note}\n`);
  process.stdout.write(
    `${output}: ${describeWeights(weights)}, from ${weights.format}\n`,
  );
}

function describeWeights({ tensors, metadata }: Weights): string {
  let values = 0;
  for (const { data } of tensors.values()) values += data.length;
  const { graph, classes } = metadata;
  const count = /^\d+$/.test(classes) ? `${classes} classes, ` : '';
  return `${graph}, ${count}${tensors.size} tensors, ${values.toLocaleString('en')} values`;
}
