import { Command } from 'commander';
import { tensorflowFolder } from '../../detectors/engines/tensorflow/places.js';
import { setUpTensorFlow } from '../setup/setUpTensorFlow.js';

export function setupCommand(): Command {
  return new Command('setup')
    .description('install what is not in the package')
    .addCommand(tensorflowCommand());
}

function tensorflowCommand(): Command {
  return new Command('tensorflow')
    .description(
      "TensorFlow, for the engine of this name: tfjs's package without its install script, the library from TensorFlow's Python wheel, the binding compiled here (Linux on x64; needs npm, python3 with pip, g++; about 1 GB)",
    )
    .option(
      '--directory <dir>',
      `where to install (default: ${tensorflowFolder()}); a project's folder gets it as a dependency`,
    )
    .option('--gpu', 'with CUDA, for NVIDIA GPUs (about 4 GB; not tested on a GPU)')
    .action(setUp);
}

async function setUp({
  directory,
  gpu,
}: {
  directory?: string;
  gpu?: boolean;
}): Promise<void> {
  const { stdout } = process;
  const result = await setUpTensorFlow({
    directory,
    gpu,
    onStep: (step, detail) => stdout.write(`${step.padEnd(9)} ${detail}\n`),
  });
  stdout.write(
    `${(result.wasThere ? 'is there' : 'done').padEnd(9)} ${result.version}, on ${result.device}, in ${result.directory}\n`,
  );
  if (result.directory !== tensorflowFolder()) {
    stdout.write(
      `${''.padEnd(9)} a project there finds it by itself; from elsewhere set RCNN_TENSORFLOW=${result.directory}\n`,
    );
  }
}
