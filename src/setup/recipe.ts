import type { TensorFlowPackage } from '../../detectors/engines/tensorflow/places.js';

/** A file of the Python Package Index. */
export interface Wheel {
  /** What pip is asked for. */
  requirement: string;
  /** The index's own hash is checked in any case; this one pins the file. */
  sha256?: string;
}

/** What makes up an installation. */
export interface Recipe {
  package: TensorFlowPackage;
  packageVersion: string;
  /** The first holds the library and its headers, the others what it opens. */
  wheels: readonly [Wheel, ...Wheel[]];
  /** Room that it takes while it is made, in bytes. */
  room: number;
}

/** The last version of tfjs's packages for Node.js. */
const PACKAGE_VERSION = '4.22.0';

export const CPU_RECIPE: Recipe = {
  package: '@tensorflow/tfjs-node',
  packageVersion: PACKAGE_VERSION,
  wheels: [
    {
      requirement: 'tensorflow-cpu==2.15.1',
      sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
    },
  ],
  room: 1.5e9,
};

/** The same with CUDA 12.2 and cuDNN 8.9, the versions that TensorFlow 2.15.1 names. */
export const GPU_RECIPE: Recipe = {
  package: '@tensorflow/tfjs-node-gpu',
  packageVersion: PACKAGE_VERSION,
  wheels: [
    {
      requirement: 'tensorflow==2.15.1',
      sha256: 'bb0edd69103c154245c5f209f0507355cc68ba7e4de350084bc31edc562478e4',
    },
    { requirement: 'nvidia-cublas-cu12==12.2.5.6' },
    { requirement: 'nvidia-cuda-cupti-cu12==12.2.142' },
    { requirement: 'nvidia-cuda-nvrtc-cu12==12.2.140' },
    { requirement: 'nvidia-cuda-runtime-cu12==12.2.140' },
    { requirement: 'nvidia-cudnn-cu12==8.9.4.25' },
    { requirement: 'nvidia-cufft-cu12==11.0.8.103' },
    { requirement: 'nvidia-curand-cu12==10.3.3.141' },
    { requirement: 'nvidia-cusolver-cu12==11.5.2.141' },
    { requirement: 'nvidia-cusparse-cu12==12.1.2.141' },
    { requirement: 'nvidia-nccl-cu12==2.16.5' },
    { requirement: 'nvidia-nvjitlink-cu12==12.2.140' },
  ],
  room: 9e9,
};

/** Wheels of TensorFlow 2.15 are made for Python 3.9 to 3.11; any has the same library. */
export const WHEEL_PYTHON = '3.11';

/** Node-API's version: tfjs-node looks for its binding in lib/napi-v8. */
export const NAPI_VERSION = 8;

/** Node-API's headers from the registry, where Node.js was installed without. */
export const HEADERS_PACKAGE = 'node-api-headers@1.9.0';
