export function assembleKernels(): Promise<Uint8Array>;
