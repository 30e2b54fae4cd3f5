/** What the processor counts while a benchmark's child runs, by `perf stat`. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const DEFAULT_EVENTS = 'cache-misses,L1-dcache-load-misses';
const FEW = 50;
const MANY = 450;

/** Events of one command, or undefined when one of them cannot be counted here. */
function perf(events, command) {
  const result = spawnSync('perf', ['stat', '-x', ';', '-e', events, ...command], {
    encoding: 'utf8',
  });
  if (result.error || result.status !== 0) return undefined;
  const counts = {};
  for (const line of result.stderr.split('\n')) {
    const [count, , event] = line.split(';');
    if (!event) continue;
    if (!/^[\d.]+$/.test(count)) return undefined;
    counts[event] = Number(count);
  }
  return Object.keys(counts).length > 0 ? counts : undefined;
}

/**
 * Events for each run of each child: those of many runs less those of few, so that
 * starting up does not count.
 *
 * @param script address of the benchmark, which takes `--child WHAT,RUNS`
 * @param children WHAT by name
 * @returns events by name and kind, or a sentence that says why there are none
 */
export async function countEvents(script, events, children) {
  if (!perf(events, ['true'])) {
    const reason = `perf cannot count ${events} on this machine`;
    console.log(`\n${reason} (a virtual machine without counters, or no perf)`);
    return reason;
  }
  const found = {};
  for (const [name, what] of Object.entries(children)) {
    const [few, many] = [FEW, MANY].map((runs) =>
      perf(events, [
        process.execPath,
        fileURLToPath(script),
        '--child',
        `${what},${runs}`,
      ]),
    );
    if (!few || !many) return `perf stopped counting at "${name}"`;
    found[name] = Object.fromEntries(
      Object.keys(many).map((event) => [
        event,
        Math.round((many[event] - few[event]) / (MANY - FEW)),
      ]),
    );
    console.log(`  ${name.padEnd(30)} ${JSON.stringify(found[name])} a run`);
  }
  return found;
}
