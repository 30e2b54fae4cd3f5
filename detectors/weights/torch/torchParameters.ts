import { parameterShapes } from '../../graph/parameterShapes.js';
import type { ParameterFile } from '../chooseNetwork.js';
import type { StoredTensor } from '../storedTensors.js';

/**
 * A state dict's parameters by the names of a graph's nodes, which are torchvision's
 * with "/" for ".". Counts of training steps are left out.
 */
export function torchParameters(
  state: ReadonlyMap<string, StoredTensor>,
  source: string,
): ParameterFile {
  const parameters = new Map<string, StoredTensor>();
  for (const [name, tensor] of state) {
    if (name.endsWith('.num_batches_tracked')) continue;
    parameters.set(parameterName(name), tensor);
  }
  return {
    source,
    title: 'PyTorch',
    outputsOf: (node) => parameters.get(`${node}/weight`)?.shape[0],
    parametersOf(graph) {
      const shapes = parameterShapes(graph);
      const entries = [...parameters];
      return {
        tensors: new Map(entries.filter(([name]) => shapes.has(name))),
        unused: entries.map(([name]) => name).filter((name) => !shapes.has(name)),
      };
    },
  };
}

function parameterName(name: string): string {
  return name
    .replaceAll('.', '/')
    .replace(/running_mean$/, 'mean')
    .replace(/running_var$/, 'variance');
}
