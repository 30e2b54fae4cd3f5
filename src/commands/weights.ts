import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import writeFileAtomic from 'write-file-atomic';
import { readCaffemodel } from '../../detectors/weights/caffemodel.js';
import { writeSafetensors } from '../../detectors/weights/safetensors.js';
import { UsageError } from '../errors.js';
import { quantizeCommand } from './quantize.js';
import { compressCommand } from './weightsCompress.js';

export function weightsCommand(): Command {
  return new Command('weights')
    .description('weight files')
    .addCommand(importCommand())
    .addCommand(compressCommand())
    .addCommand(quantizeCommand());
}

function importCommand(): Command {
  return new Command('import')
    .description('turn a Caffe GoogLeNet (.caffemodel) into a .safetensors file')
    .argument('<file>', 'the .caffemodel, in its old (layers) or new (layer) form')
    .requiredOption('-o, --output <file>', 'the .safetensors file to write')
    .action(async (file: string, { output }: { output: string }) => {
      await importWeights(file, output);
    });
}

async function importWeights(file: string, output: string): Promise<void> {
  if (!output.endsWith('.safetensors')) {
    throw new UsageError(
      'BAD_OUTPUT',
      `${output}: the output's name must end in .safetensors`,
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError('NOT_READABLE', `${file}: cannot be read (${code})`);
  }
  const weights = readCaffemodel(bytes, file);
  await writeFileAtomic(output, Buffer.from(writeSafetensors(weights)));
  let values = 0;
  for (const { data } of weights.tensors.values()) values += data.length;
  process.stdout.write(
    `${output}: ${weights.metadata.graph}, ${weights.metadata.classes} classes, ${weights.tensors.size} tensors, ${values.toLocaleString('en')} values\n`,
  );
}
