import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  chooseEngine,
  type EngineSources,
} from '../../detectors/engines/chooseEngine.js';
import type { Engine } from '../../detectors/engines/engine.js';
import { findGpu } from '../../detectors/engines/findGpu.js';
import { DetectorError } from '../../detectors/errors.js';

const engine = (name: string, device: string): Engine => ({
  name,
  version: `${name} 1`,
  device,
  load: () => Promise.reject(new Error('not here')),
});

/** Sources of a machine with or without a GPU, and with TensorFlow on a device. */
function machine(gpu?: string, tensorflow?: 'gpu' | 'cpu') {
  const loaded: string[] = [];
  const sources: EngineSources = {
    findGpu: () => Promise.resolve(gpu),
    onnx: () => {
      loaded.push('onnx');
      return Promise.resolve(engine('onnx', 'cpu'));
    },
    tensorflow: () => {
      loaded.push('tensorflow');
      return tensorflow
        ? Promise.resolve(engine('tensorflow', tensorflow))
        : Promise.reject(
            new DetectorError(
              'ENGINE_UNAVAILABLE',
              'not installed; "rcnn setup tensorflow" installs it',
            ),
          );
    },
  };
  return { sources, loaded };
}

describe('auto', () => {
  it.each([
    { gpu: undefined, tensorflow: 'cpu', taken: 'onnx', reason: /no GPU/ },
    { gpu: 'T4', tensorflow: 'gpu', taken: 'tensorflow', reason: /uses the T4/ },
    {
      gpu: 'T4',
      tensorflow: 'cpu',
      taken: 'onnx',
      unused: 'T4',
      reason: /T4 is unused: tensorflow 1 does not find it; .*--gpu/,
    },
    {
      gpu: 'T4',
      tensorflow: undefined,
      taken: 'onnx',
      unused: 'T4',
      reason: /T4 is unused: not installed; "rcnn setup tensorflow --gpu"/,
    },
  ] as const)('takes $taken with $gpu and $tensorflow', async (found) => {
    const { sources, loaded } = machine(found.gpu, found.tensorflow);
    const chosen = await chooseEngine('auto', { sources });
    expect(chosen.engine.name).toBe(found.taken);
    expect(chosen.reason).toMatch(found.reason);
    expect(chosen.unusedGpu).toBe('unused' in found ? found.unused : undefined);
    // Without a GPU nobody waits for TensorFlow.
    if (!found.gpu) expect(loaded).toEqual(['onnx']);
  });
});

describe('by name', () => {
  it('takes what was asked for, and says which GPU is left out', async () => {
    const onnx = await chooseEngine('onnx', machine('T4', 'gpu'));
    expect(onnx.engine.name).toBe('onnx');
    expect(onnx.unusedGpu).toBe('T4');
    expect(onnx.reason).toMatch(/asked for by name; it leaves the T4 unused/);
    const tensorflow = await chooseEngine('tensorflow', machine('T4', 'gpu'));
    expect(tensorflow.engine.name).toBe('tensorflow');
    expect(tensorflow.unusedGpu).toBeUndefined();
  });

  it('never takes another when it does not load', async () => {
    await expect(chooseEngine('tensorflow', machine())).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
    });
  });

  it('refuses names that are none', async () => {
    await expect(chooseEngine('wasm' as never)).rejects.toThrow(
      /no engine "wasm"; choose one of auto, onnx, tensorflow/,
    );
  });
});

describe('GPUs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rcnn-gpu-'));
  const nowhere = join(folder, 'nowhere');

  it('are found by the driver', async () => {
    const gpu = join(folder, 'gpus', '0000:01:00.0');
    mkdirSync(gpu, { recursive: true });
    writeFileSync(join(gpu, 'information'), 'Model: \t\t Tesla T4\nIRQ:   31\n');
    expect(await findGpu({ driver: folder, program: nowhere })).toBe('Tesla T4');
  });

  it('are found by nvidia-smi', async () => {
    const program = join(folder, 'smi');
    const line = 'GPU 0: NVIDIA A10G (UUID: GPU-1b2c)';
    writeFileSync(program, `#!/bin/sh\n[ "$1" = -L ] && echo '${line}'\n`);
    chmodSync(program, 0o755);
    expect(await findGpu({ driver: nowhere, program })).toBe('NVIDIA A10G');
  });

  it('are none where neither is, or the program fails', async () => {
    expect(await findGpu({ driver: nowhere, program: nowhere })).toBeUndefined();
    const program = join(folder, 'failing');
    writeFileSync(program, '#!/bin/sh\necho "GPU 0: none"; exit 9\n');
    chmodSync(program, 0o755);
    expect(await findGpu({ driver: nowhere, program })).toBeUndefined();
  });
});
