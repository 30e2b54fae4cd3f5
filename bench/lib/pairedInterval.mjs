import { importBuilt } from './run.mjs';

const { randomNumbers } = await importBuilt('proposals/random.js');

const SAMPLES = 2000;

/**
 * By how much the mean of `b` is above that of `a`, where both have a number for each of
 * the same things, with the 95 % interval of a paired bootstrap over the things.
 */
export function pairedInterval(a, b, seed = 1) {
  const differences = Float64Array.from(a, (value, i) => b[i] - value);
  const count = differences.length;
  const random = randomNumbers(seed);
  const means = new Float64Array(SAMPLES);
  for (let s = 0; s < SAMPLES; s++) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += differences[Math.floor(random() * count)];
    means[s] = sum / count;
  }
  means.sort();
  const value = differences.reduce((sum, x) => sum + x, 0) / count;
  return { value, low: means[0.025 * SAMPLES], high: means[0.975 * SAMPLES - 1] };
}
