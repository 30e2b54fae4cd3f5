import { createRequire } from 'node:module';
import type sharpFunction from 'sharp';

/**
 * sharp, in its CommonJS build, which loads in half the time of its ES modules: a first
 * result waits for it.
 */
const sharp = createRequire(import.meta.url)('sharp') as typeof sharpFunction;
export default sharp;
