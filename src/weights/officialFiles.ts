/** A digest that a file must have; `hex` may be the beginning of one. */
export interface Pin {
  algorithm: 'sha256' | 'sha1';
  hex: string;
  /** Who published it, and where. */
  source: string;
}

/** A published weights file. */
export interface OfficialFile {
  title: string;
  /** The name that the file gets. */
  file: string;
  /** Where it is, tried in this order. */
  urls: readonly string[];
  /** Its exact length, where it was published. */
  bytes?: number;
  pin: Pin;
}

const MANIFEST =
  'onnx/models on GitHub, ONNX_HUB_MANIFEST.json, "model_sha" and "model_bytes"';

/** GoogLeNet of the ONNX Model Zoo: the same weights as BVLC's, by opset. */
function modelZoo(opset: number, hex: string, bytes: number): OfficialFile {
  const file = `googlenet-${opset}.onnx`;
  const folder =
    'validated/vision/classification/inception_and_googlenet/googlenet/model';
  return {
    title: `BVLC GoogLeNet in the ONNX Model Zoo, opset ${opset}`,
    file,
    urls: [
      `https://github.com/onnx/models/raw/main/${folder}/${file}`,
      `https://huggingface.co/onnxmodelzoo/googlenet-${opset}/resolve/main/${file}`,
    ],
    bytes,
    pin: { algorithm: 'sha256', hex, source: MANIFEST },
  };
}

/**
 * The files that `rcnn weights pull` knows. Every digest is the publisher's own; none
 * was computed from a download. BVLC published SHA-1 only; torchvision publishes the
 * first 8 hexadecimal digits of SHA-256, in the file's name, and checks those.
 */
export const OFFICIAL_FILES: Readonly<Record<string, OfficialFile>> = {
  'bvlc-googlenet': {
    title: 'BVLC GoogLeNet for Caffe, with its auxiliary heads',
    file: 'bvlc_googlenet.caffemodel',
    urls: ['https://dl.caffe.berkeleyvision.org/bvlc_googlenet.caffemodel'],
    pin: {
      algorithm: 'sha1',
      hex: '405fc5acd08a3bb12de8ee5e23a96bec22f08204',
      source: 'BVLC/caffe on GitHub, models/bvlc_googlenet/readme.md, "sha1"',
    },
  },
  'bvlc-alexnet': {
    title: 'BVLC AlexNet for Caffe',
    file: 'bvlc_alexnet.caffemodel',
    urls: ['https://dl.caffe.berkeleyvision.org/bvlc_alexnet.caffemodel'],
    pin: {
      algorithm: 'sha1',
      hex: '9116a64c0fbe4459d18f4bb6b56d647b63920377',
      source: 'BVLC/caffe on GitHub, models/bvlc_alexnet/readme.md, "sha1"',
    },
  },
  'bvlc-caffenet': {
    title: 'BVLC reference CaffeNet for Caffe',
    file: 'bvlc_reference_caffenet.caffemodel',
    urls: ['https://dl.caffe.berkeleyvision.org/bvlc_reference_caffenet.caffemodel'],
    pin: {
      algorithm: 'sha1',
      hex: '4c8d77deb20ea792f84eb5e6d0a11ca0a8660a46',
      source: 'BVLC/caffe on GitHub, models/bvlc_reference_caffenet/readme.md, "sha1"',
    },
  },
  'torchvision-googlenet': {
    title: 'torchvision GoogLeNet (GoogLeNet_Weights.IMAGENET1K_V1)',
    file: 'googlenet-1378be20.pth',
    urls: ['https://download.pytorch.org/models/googlenet-1378be20.pth'],
    pin: {
      algorithm: 'sha256',
      hex: '1378be20',
      source:
        'pytorch/vision on GitHub, torchvision/models/googlenet.py: the file name',
    },
  },
  'onnx-googlenet-3': modelZoo(
    3,
    '5725ccfd90845735ce5897faf7843c3f9b13acda3c4f3bff82cb21c9337c9de8',
    28_020_232,
  ),
  'onnx-googlenet-6': modelZoo(
    6,
    'bd979d99d10d9acf84c5a67252bcae4992bf4e1afdab046cb0ea370e6f01ee38',
    28_020_232,
  ),
  'onnx-googlenet-7': modelZoo(
    7,
    '5725ccfd90845735ce5897faf7843c3f9b13acda3c4f3bff82cb21c9337c9de8',
    28_020_232,
  ),
  'onnx-googlenet-8': modelZoo(
    8,
    '3d343d459199fbcc8cd43d45264180e3e1ef91d4908f3541b5b308995206362c',
    28_020_232,
  ),
  'onnx-googlenet-9': modelZoo(
    9,
    'bd979d99d10d9acf84c5a67252bcae4992bf4e1afdab046cb0ea370e6f01ee38',
    28_020_232,
  ),
  'onnx-googlenet-12': modelZoo(
    12,
    'c99c507058eaf41de8723408fdda7db8325cb57f0a89f2ee07a716d6e963e14e',
    28_021_836,
  ),
};
