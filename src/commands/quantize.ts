import { Command, Option } from 'commander';
import { CALIBRATION_METHODS } from '../../detectors/quantization/rangeObserver.js';
import { EXIT_CODES, UsageError } from '../errors.js';
import type { QuantizeOptions } from '../weights/quantizeWeightsFile.js';
import { number } from './optionParsers.js';

interface QuantizeCommandOptions extends QuantizeOptions {
  output: string;
}

export function quantizeCommand(): Command {
  return new Command('quantize')
    .description('write weights in 8 bits, calibrated, or in half precision')
    .argument('<file>', "a classifier's or a detector's weights")
    .requiredOption('-o, --output <file>', 'the .safetensors file to write')
    .addOption(
      new Option('--precision <kind>', 'int8 (a quarter of the size) or fp16 (a half)')
        .choices(['int8', 'fp16'])
        .default('int8'),
    )
    .option(
      '--calibrate <path...>',
      'int8: photos, or folders of them, of the kind that the network will see',
    )
    .addOption(
      new Option('--method <name>', 'int8: how ranges are taken from what was seen')
        .choices(CALIBRATION_METHODS)
        .default('minmax'),
    )
    .option(
      '--percentile <p>',
      'percentile: part of the values that a range holds, in percent',
      number(50, 100),
      99.99,
    )
    .action(async (file: string, options: QuantizeCommandOptions) => {
      process.exitCode = await quantize(file, options);
    });
}

async function quantize(
  file: string,
  { output, ...options }: QuantizeCommandOptions,
): Promise<number> {
  if (!output.endsWith('.safetensors')) {
    throw new UsageError(
      'BAD_OUTPUT',
      `${output}: the output's name must end in .safetensors`,
    );
  }
  const { quantizeWeightsFile } = await import('../weights/quantizeWeightsFile.js');
  const report = await quantizeWeightsFile(file, output, options);
  for (const { file: name, reason } of report.failures) {
    process.stderr.write(`failed: ${name}: ${reason}\n`);
  }
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const how =
    options.precision === 'int8'
      ? `, calibrated (${options.method}) with ${report.photos} photos`
      : '';
  process.stdout.write(
    `${output}: ${options.precision}, ${megabytes(report.before)} to ${megabytes(report.after)}${how}\n`,
  );
  return report.failures.length > 0 ? EXIT_CODES.someFailed : EXIT_CODES.success;
}
