import { SIMD_KERNELS } from './kernelBytes.js';

/** Loops over pixels and histograms in WebAssembly; all addresses are bytes. See scripts/kernels. */
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
  /** Sum of the smaller of two rows' numbers of 16 bits, eight at once. */
  commonArea(a: number, b: number, bytes: number): number;
  /**
   * Numbers of 32 bits at `a` become `share` of themselves and the rest of those at `b`;
   * `factor` times that is rounded to 16 bits at `to`.
   *
   * @returns how much those at `to` have grown where they have
   */
  blendRow(
    a: number,
    b: number,
    to: number,
    bytes: number,
    share: number,
    factor: number,
  ): number;
  /** Memory of at least so many bytes. Views on what an earlier call gave are void. */
  memory(bytes: number): ArrayBuffer;
}

const PAGE = 65536;
/** What is kept for all. Rows of pixels that would need more are left to plain loops. */
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
  if (loaded === undefined) loaded = newKernels(MOST_MEMORY);
  return loaded;
}

/** WebAssembly's own limit. */
const LARGEST = 2 ** 32;
let compiled: object | undefined;

/** Kernels with a memory of their own, of up to so many bytes. */
export function newKernels(most = LARGEST): PixelKernels | null {
  const { WebAssembly: api } = globalThis as unknown as {
    WebAssembly?: WebAssemblyApi;
  };
  if (!api) return null;
  try {
    compiled ??= new api.Module(
      Uint8Array.from(atob(SIMD_KERNELS), (c) => c.charCodeAt(0)),
    );
    const memory = new api.Memory({ initial: 1, maximum: most / PAGE });
    const { exports } = new api.Instance(compiled, { host: { memory } });
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
