import type * as TensorFlow from '@tensorflow/tfjs-core';

/**
 * The part of tfjs that all of its packages share. Only its types are needed to
 * build this one; the library itself is found when it is asked for.
 */
export type TensorFlowApi = typeof TensorFlow;
export type TensorFlowTensor = TensorFlow.Tensor;
