/** The parts of a tfjs graph model's JSON that are written and read. */
export interface TfjsModel {
  format: 'graph-model';
  generatedBy: string;
  convertedBy: string;
  signature: { inputs: Record<string, object>; outputs: Record<string, object> };
  userDefinedMetadata: Record<string, string>;
  modelTopology: {
    node: TfjsNode[];
    versions: { producer: number; minConsumer: number };
  };
  weightsManifest: { paths: string[]; weights: TfjsWeight[] }[];
}

/** One node of TensorFlow's graph; attributes as protocol buffers are in JSON. */
export interface TfjsNode {
  name: string;
  op: string;
  input?: string[];
  attr: Record<string, object>;
}

export interface TfjsWeight {
  name: string;
  shape: number[];
  dtype: 'float32' | 'int32';
}

const text = (value: string) => ({ s: Buffer.from(value).toString('base64') });

/** Attributes that many nodes have, and how to write the others. */
export const attributes = {
  float: { type: 'DT_FLOAT' },
  int: { type: 'DT_INT32' },
  valid: text('VALID'),
  channelsLast: text('NHWC'),
  integer: (value: number) => ({ i: String(value) }),
  integers: (values: readonly number[]) => ({ list: { i: values.map(String) } }),
};
