import { SIMD_KERNELS } from './kernelBytes.js';

/** Loops over pixels in WebAssembly; all addresses are bytes. See scripts/kernels. */
export interface PixelKernels {
  smoothRow(
    from: number,
    to: number,
    length: number,
    channels: number,
    kernel: number,
    taps: number,
  ): void;
  smoothColumns(
    lines: number,
    to: number,
    length: number,
    kernel: number,
    taps: number,
  ): void;
  splitChannels(from: number, to: number, length: number, pitch: number): void;
  rowDistances(
    upper: number,
    lower: number,
    pitch: number,
    to: number,
    length: number,
  ): void;
  /** Memory of at least so many bytes. Views on what an earlier call gave are void. */
  memory(bytes: number): ArrayBuffer;
}

const PAGE = 65536;
/** Rows so long that the kernels would need more than this are left to plain loops. */
export const MOST_MEMORY = 2 ** 24;

/** What is used of WebAssembly: its types come with the browser's, which are not here. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
interface WebAssemblyApi {
  Memory: new (descriptor: { initial: number; maximum: number }) => Memory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: { host: { memory: Memory } },
  ) => { exports: Omit<PixelKernels, 'memory'> };
}

let loaded: PixelKernels | null | undefined;

/**
 * The kernels, or null where there are none: WebAssembly or its SIMD is missing, or the
 * page's content security policy forbids it. Plain loops give the same results.
 */
export function pixelKernels(): PixelKernels | null {
  if (loaded === undefined) loaded = load();
  return loaded;
}

function load(): PixelKernels | null {
  const { WebAssembly: api } = globalThis as unknown as {
    WebAssembly?: WebAssemblyApi;
  };
  if (!api) return null;
  try {
    const bytes = Uint8Array.from(atob(SIMD_KERNELS), (c) => c.charCodeAt(0));
    const memory = new api.Memory({ initial: 1, maximum: MOST_MEMORY / PAGE });
    const { exports } = new api.Instance(new api.Module(bytes), { host: { memory } });
    return {
      ...exports,
      memory: (needed) => {
        const missing = needed - memory.buffer.byteLength;
        if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
        return memory.buffer;
      },
    };
  } catch {
    return null;
  }
}
