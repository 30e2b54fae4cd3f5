export interface TrainHeadOptions {
  epochs?: number;
  rate?: number;
  photos?: number;
  windows?: number;
}
export function trainHead(
  paths: { train: readonly string[]; watch: readonly string[] },
  head: { outputs: number; classes: number; bins: number },
  seed: number,
  log: (text: string) => void,
  options?: TrainHeadOptions,
): Promise<{ weight: Float32Array; bias: Float32Array }>;
