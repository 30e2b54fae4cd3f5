import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { tensorflowFolder } from '../../detectors/engines/tensorflow/places.js';
import { probeEngine, type ProbeResult } from '../engines/probeEngine.js';
import { UsageError } from '../errors.js';
import { lockFile } from '../files/lockFile.js';
import {
  checkPlatform,
  checkTools,
  makeRoom,
  usualTools,
  type Tools,
} from './checkMachine.js';
import { compileBinding, hasBinding } from './compileBinding.js';
import { fetchLibrary } from './fetchLibrary.js';
import { installPackage } from './installPackage.js';
import { CPU_RECIPE, GPU_RECIPE } from './recipe.js';

export interface SetUpTensorFlowOptions {
  /**
   * Folder whose node_modules gets the packages: an empty one or a project's.
   * @default tensorflowFolder()
   */
  directory?: string;
  /** With CUDA. @default false */
  gpu?: boolean;
  /** @default usualTools() */
  tools?: Tools;
  /** Hears of each step, in words. */
  onStep?: (step: string, detail: string) => void;
}

export interface SetUpResult {
  /** The folder that the package was installed in. */
  directory: string;
  version: string;
  device: string;
  /** Nothing was left to do. */
  wasThere: boolean;
}

/**
 * Makes TensorFlow work without the install script of tfjs's package, which
 * downloads from outside the package registries: the npm package, the library from
 * TensorFlow's Python wheel, the binding compiled here, one product as a check.
 * Steps that an earlier call had finished are kept.
 *
 * @throws UsageError UNSUPPORTED_PLATFORM, TOOL_MISSING, TOOL_FAILED, NO_ROOM,
 *   BAD_WHEEL, IN_USE, and NOT_LOADABLE when the result does not compute
 */
export async function setUpTensorFlow(
  options: SetUpTensorFlowOptions = {},
): Promise<SetUpResult> {
  const { gpu = false, tools = usualTools(), onStep } = options;
  const directory = resolve(options.directory ?? tensorflowFolder());
  const recipe = gpu ? GPU_RECIPE : CPU_RECIPE;
  const say = (step: string, detail: string) => onStep?.(step, detail);
  const packageFolder = join(directory, 'node_modules', ...recipe.package.split('/'));
  const check = async (): Promise<ProbeResult> => {
    const found = await probeEngine('tensorflow', {
      env: { RCNN_TENSORFLOW: directory },
    });
    // It may have found another installation.
    if (!found.loads || found.folder === packageFolder) return found;
    return { loads: false, problem: `${packageFolder} does not load` };
  };

  const before = await check();
  if (before.loads) return { directory, ...before, wasThere: true };
  checkPlatform();
  await checkTools(tools);
  await makeRoom(directory, recipe.room);
  const unlock = await lockFile(join(directory, 'setup'));
  const downloads = join(directory, 'downloads');
  try {
    await mkdir(downloads, { recursive: true });
    say('package', `${recipe.package} ${recipe.packageVersion}`);
    await installPackage(directory, recipe, tools.npm);
    say('library', recipe.wheels.map(({ requirement }) => requirement).join(', '));
    const { python, compiler, npm } = tools;
    const isNew = await fetchLibrary({
      packageFolder,
      recipe,
      python,
      downloads,
    });
    if (isNew || !(await hasBinding(packageFolder))) {
      say('binding', `compiled with ${compiler}`);
      await compileBinding({ packageFolder, compiler, npm, downloads });
    }
    const after = await check();
    if (!after.loads) {
      throw new UsageError(
        'NOT_LOADABLE',
        `${packageFolder} is in place but does not compute: ${after.problem}; to begin anew, remove ${packageFolder}`,
      );
    }
    await rm(downloads, { recursive: true, force: true });
    return { directory, ...after, wasThere: false };
  } finally {
    await unlock();
  }
}
