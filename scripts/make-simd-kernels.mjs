/**
 * Assembles the WebAssembly text of scripts/kernels with WABT and writes the modules
 * that carry the bytes:
 *
 *     node scripts/make-simd-kernels.mjs
 */
import { Buffer } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import loadWabt from 'wabt';
import { pixelKernels } from './kernels/pixels.mjs';
import { productKernels } from './kernels/products.mjs';

/** The text of each module, under the name of its file. */
const modules = {
  'detectors/sparse/simdKernels.ts': productKernels,
  'proposals/simd/kernelBytes.ts': pixelKernels,
};

/** The bytes of a module, in base64; they import one memory, `host.memory`. */
export async function assembleKernels(file) {
  const text = `(module (import "host" "memory" (memory 1)) ${modules[file]})`;
  const wabt = await loadWabt();
  const parsed = wabt.parseWat(file, text, { simd: true });
  parsed.validate();
  const { buffer } = parsed.toBinary({});
  parsed.destroy();
  return Buffer.from(buffer).toString('base64');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of Object.keys(modules)) {
    const chunks = (await assembleKernels(file)).match(/.{1,78}/g);
    writeFileSync(
      fileURLToPath(new URL(`../${file}`, import.meta.url)),
      `/** Made by scripts/make-simd-kernels.mjs from the text in scripts/kernels. */\n` +
        `export const SIMD_KERNELS = [\n${chunks.map((c) => `  '${c}',\n`).join('')}].join('');\n`,
    );
  }
}
