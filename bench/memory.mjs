/**
 * Whether memory stays flat: the highest resident memory, summed over the
 * process tree, of `rcnn detect` over 500 photos against 50 (Linux: /proc).
 *
 *   node bench/memory.mjs [--mode shared]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cli, mustRun, report, valPhotos } from './lib/shared.mjs';

const { values } = parseArgs({
  options: { mode: { type: 'string', default: 'shared' } },
});

/** Parent and resident bytes of every process that can be read. */
function processes() {
  const found = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'utf8');
      const field = (name) =>
        Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
      found.set(Number(entry), {
        parent: field('PPid'),
        resident: 1024 * field('VmRSS'),
      });
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

function residentOfTree(root) {
  const all = processes();
  let sum = 0;
  for (const [id, { resident }] of all) {
    let at = id;
    while (at && at !== root) at = all.get(at)?.parent;
    if (at === root) sum += resident;
  }
  return sum;
}

async function peak(count) {
  const output = mkdtempSync(join(tmpdir(), 'rcnn-bench-'));
  let highest = 0;
  let timer;
  await mustRun(
    [
      cli,
      'detect',
      ...valPhotos(count),
      '--output',
      output,
      '--mode',
      values.mode,
      '--quiet',
    ],
    {
      onStart: ({ pid }) =>
        (timer = setInterval(
          () => (highest = Math.max(highest, residentOfTree(pid))),
          100,
        )),
    },
  );
  clearInterval(timer);
  rmSync(output, { recursive: true });
  console.log(`${count} photos: peak ${(highest / 2 ** 20).toFixed(0)} MiB`);
  return highest;
}

const few = await peak(50);
const many = await peak(500);
report({
  peak_memory_500_vs_50_photos: Number((many / few).toFixed(3)),
  peak_mib_50: Math.round(few / 2 ** 20),
  peak_mib_500: Math.round(many / 2 ** 20),
  mode: values.mode,
});
