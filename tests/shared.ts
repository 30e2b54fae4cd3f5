import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';

const root = fileURLToPath(new URL('../../shared/', import.meta.url));

/** Whether the data, models and goldens beside the checkout are there. */
export const hasShared = existsSync(root);

/** A path in the folder of shared data that stands beside the checkout. */
export function sharedPath(...parts: string[]): string {
  return root + parts.join('/');
}

/**
 * A suite that reads the shared data. Without the data it is skipped with a
 * warning; in CI the data must be there, so its absence fails.
 */
export function describeShared(name: string, suite: () => void): void {
  if (!hasShared && process.env.CI) {
    throw new Error(`${name}: ${root} is missing, and CI must not skip this suite`);
  }
  if (hasShared) {
    describe(name, suite);
    return;
  }
  console.warn(`SKIPPED: ${name} (needs the data in ${root})`);
  // The body is not run: it may read the data before its tests do.
  describe.skip(name, () => it('needs the shared data', () => {}));
}
