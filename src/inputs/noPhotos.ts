import { UsageError } from '../errors.js';
import type { ListedImages } from './listImages.js';

/** What to say when the paths of a command lead to no photo at all. */
export function noPhotos(
  paths: readonly string[],
  { failures, skipped }: ListedImages,
): UsageError {
  const reasons = failures
    .slice(0, 5)
    .map(({ file, reason }) => `\n  ${file}: ${reason}`);
  return new UsageError(
    'NO_PHOTOS',
    `no photos under ${paths.join(', ')} (${skipped} other files)${reasons.join('')}`,
  );
}
