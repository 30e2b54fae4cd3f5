export function assembleKernels(file: string): Promise<string>;
