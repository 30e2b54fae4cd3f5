import type { GraphNode } from '../types.js';

/** The nodes of a network in the making; each method gives its activation's name. */
export class NodeList {
  readonly nodes: GraphNode[] = [];

  add(node: GraphNode): string {
    this.nodes.push(node);
    return node.name;
  }

  /** The ReLU of a node, called after it. */
  relu(input: string): string {
    return this.add({ op: 'relu', name: `${input}/relu`, input });
  }

  /** Caffe's local response normalization as GoogLeNet and AlexNet have it. */
  normalize(input: string, name: string): string {
    const lrn = { size: 5, alpha: 1e-4, beta: 0.75, k: 1 };
    return this.add({ op: 'localResponseNormalization', name, input, ...lrn });
  }

  /** Max-pool of 3×3 at every other pixel. */
  halve(input: string, name: string): string {
    return this.add({ op: 'maxPool', name, input, size: 3, stride: 2 });
  }
}
