import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TfjsModel } from '../../detectors/tfjs/model.js';
import { importWeights } from '../../detectors/weights/importWeights.js';
import { file, load, message, expectSame, variable } from './tfjsModels.js';

describe('layers models', () => {
  const json = JSON.parse(gunzipSync(file('lenet-layers.json.gz')).toString()) as {
    modelTopology: { model_config: { config: { layers: Layer[] } } };
    weightsManifest: TfjsModel['weightsManifest'];
  };
  interface Layer {
    class_name: string;
    config: Record<string, unknown>;
    inbound_nodes?: unknown;
  }
  type Config = (typeof json)['modelTopology']['model_config'] & {
    class_name: string;
  };
  const numbers = new Map(
    json.weightsManifest[0].weights.map(({ name, shape }) => [
      name,
      // The kernel is each layer's first weight.
      variable(name.replace('kernel', '0').replace('bias', '1'), shape),
    ]),
  );
  const read = (change: (config: Config) => void = () => {}) => {
    const copy = structuredClone(json);
    change(copy.modelTopology.model_config as Config);
    return load({ json: copy as unknown as TfjsModel, numbers });
  };

  it('a Sequential one is the network that its graph model is', async () => {
    const graph = await importWeights(file('lenet/model.json'), 'file', {
      readShard: (name) => Promise.resolve(file(`lenet/${name}`)),
    });
    // The graph model's numbers are quantized, those of "ip1" to steps of 1/80 before.
    expectSame(await read(), graph, 0.08);
  });

  it('is read as a functional model of Keras 3 too, and without an input layer', async () => {
    const sequential = await read();
    const functional = await read((config) => {
      config.class_name = 'Functional';
      let last: string | undefined;
      for (const layer of config.config.layers) {
        const keras_history = [last, 0, 0];
        const tensor = { class_name: '__keras_tensor__', config: { keras_history } };
        layer.inbound_nodes =
          last === undefined ? [] : [{ args: [tensor], kwargs: {} }];
        last = layer.config.name as string;
      }
      Object.assign(config.config, { output_layers: [[last, 0, 0]] });
    });
    expectSame(functional, sequential);
    const headless = await read(({ config: { layers } }) => {
      const [{ config }] = layers.splice(0, 1);
      layers[0].config.batch_input_shape = config.batch_input_shape;
    });
    expectSame(headless, sequential);
  });

  it.each<[string, (layers: Layer[], config: Config) => void, RegExp]>([
    [
      'other layers',
      (layers) => (layers[1].class_name = 'DepthwiseConv2D'),
      /layer "conv1" \(model_config\.config\.layers\[1\]\): no network here has a DepthwiseConv2D at all/,
    ],
    [
      'other activations',
      (layers) => (layers[1].config.activation = 'swish'),
      /with the activation swish/,
    ],
    [
      'settings that are none',
      (layers) => (layers[1].config.strides = ['2', {}]),
      /whose strides is no whole numbers/,
    ],
    [
      'channels first',
      (layers) => (layers[1].config.data_format = 'channels_first'),
      /in the layout NCHW/,
    ],
    [
      'layers that are called several times',
      (layers, config) => {
        config.class_name = 'Functional';
        layers[1].inbound_nodes = [[['conv1_input', 0, 0]], [['conv1_input', 0, 0]]];
      },
      /layer "conv1" .* has a Conv2D that is called several times/,
    ],
    [
      'weights that are not there',
      (layers) => (layers[1].config.name = 'conv9'),
      /layer "conv9" \(Conv2D\) has no weight "conv9\/kernel"/,
    ],
    [
      'layers without a name',
      (layers) => (layers[1].config = {}),
      /layers\[1\] has no proper class_name and name/,
    ],
  ])('are refused with %s', async (_, change, expected) => {
    const found = await message(read((config) => change(config.config.layers, config)));
    expect(found).toMatch(/^(WEIGHTS_MISMATCH|INVALID_WEIGHTS) file: /);
    expect(found).toMatch(expected);
  });

  it('give an error of ours, or weights, whatever is changed in their settings', async () => {
    const settings = json.modelTopology.model_config.config.layers.flatMap(
      ({ config }, i) => Object.keys(config).map((key) => [i, key] as const),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...settings),
        fc.jsonValue(),
        async ([i, key], value) => {
          const found = await message(
            read(({ config: { layers } }) => (layers[i].config[key] = value)),
          );
          expect(found).toMatch(
            /^(no error$|(INVALID_WEIGHTS|WEIGHTS_MISMATCH|INVALID_GRAPH) )/,
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
