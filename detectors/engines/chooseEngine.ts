import { DetectorError } from '../errors.js';
import type { Engine } from './engine.js';
import { onnxEngine } from './onnxEngine.js';

/** The engines that can be asked for by name. */
export const ENGINE_NAMES = ['auto', 'onnx'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** An engine, and why it was taken. */
export interface ChosenEngine {
  engine: Engine;
  reason: string;
}

/**
 * Loads the engine that was asked for; `auto` takes the embedded one.
 *
 * @throws DetectorError ENGINE_UNAVAILABLE, INVALID_ARGUMENT
 */
export async function chooseEngine(name: EngineName = 'auto'): Promise<ChosenEngine> {
  if (!ENGINE_NAMES.includes(name)) {
    throw new DetectorError(
      'INVALID_ARGUMENT',
      `there is no engine "${String(name)}"; choose one of ${ENGINE_NAMES.join(', ')}`,
    );
  }
  const reason =
    name === 'auto' ? 'the embedded engine, the only one here' : 'asked for by name';
  return { engine: await onnxEngine(), reason };
}
