import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const bench = fileURLToPath(new URL('../../bench/activations.mjs', import.meta.url));

/*
 * What `rcnn summary` states is the least: an engine that keeps its graph's order takes as
 * much. onnxruntime takes more (its own layouts, the caller's input, which stays, what its
 * arena can't fill), but not any amount.
 */
it.runIf(process.platform === 'linux')(
  'an image more in a batch costs onnxruntime what the summary states, one to four times',
  () => {
    const output = execFileSync(
      process.execPath,
      [bench, '--networks', 'nin,lenet,lenet5'],
      { encoding: 'utf8' },
    );
    const line = /^BENCH (.*)$/m.exec(output)![1];
    const { onnxruntime_vs_stated: ratios } = JSON.parse(line) as {
      onnxruntime_vs_stated: Record<string, number>;
    };
    expect(Object.keys(ratios)).toEqual(['nin', 'lenet', 'lenet5']);
    for (const [name, ratio] of Object.entries(ratios)) {
      expect(ratio, name).toBeGreaterThan(1);
      expect(ratio, name).toBeLessThan(4);
    }
  },
  120_000,
);
