"""Graph models that TensorFlow.js's own converter makes of TensorFlow's networks, and
what TensorFlow computes with them, for tests/detectors/tensorflowImport.test.ts
(through tests/detectors/tfjsModels.ts).

    python scripts/goldens-tensorflow.py
    npm run build && python scripts/goldens-tensorflow.py --verify DIR

The second form leaves Slim's models with their 1001 classes whole in DIR, imports each
with `rcnn weights import`, exports it as ONNX, and prints how far what onnxruntime
computes from that is from TensorFlow's own logits on other inputs; it exits with 1 when
that is more than 1e-4 of their scale. The first
writes tests/fixtures/detectors/tensorflow/:

slim-folded.json.gz  model.json of TensorFlow-Slim's inception_v1: written as a checkpoint,
                     read back, frozen and converted, which folds batch normalization
slim-plain.json.gz   the same frozen graph as it is, in the converter's form
bvlc.json.gz         GoogLeNet in BVLC's form, with response normalization and paddings
lenet/               Caffe's LeNet from a Keras SavedModel, whole: weights in float16,
                     uint8 and uint16
lenet-layers.json.gz the same as a layers model
keras.json.gz        a functional Keras model as a layers model: torchvision's GoogLeNet,
                     its zeros as layers of their own, pixels rescaled in the network
expected.json        logits on inputs that are a formula, and constants by model

The weights of the first three are a formula of the variables' names, which the test has
too, so that no large files are needed.

Needs scripts/requirements-tensorflow.txt; see there. The converter writes attributes and
weights in an order of its own, so the files are not the same bytes each time.
"""
import argparse
import gzip
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import types
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")
# The converter imports these for kinds of models that are none of ours.
for absent in ("tensorflow_decision_forests", "tensorflowjs.converters.jax_conversion"):
    sys.modules[absent] = types.ModuleType(absent)
sys.modules["tensorflowjs.converters.jax_conversion"].convert_jax = None

import numpy as np
import tensorflow as tf

# Slim's layers look for these where tf_keras no longer has them.
for part in ("", ".base", ".convolutional", ".core", ".normalization", ".pooling"):
    sys.modules["tf_keras.legacy_tf_layers" + part] = importlib.import_module(
        "tf_keras.src.legacy_tf_layers" + part
    )

import keras
import tf_keras
import tf_slim
from google.protobuf.json_format import MessageToDict
from tensorflow.compat import v1
from tensorflowjs import quantization, write_weights
from tensorflowjs.converters import save_keras_model
from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter
from tensorflowjs.read_weights import read_weights
from tf_slim.nets import inception

FOLDER = Path(__file__).parent.parent / "tests/fixtures/detectors/tensorflow"
EPSILON = 1e-3


def hashed(name, count):
    """Numbers from 0 to 1 by name and place; the test has the same function."""
    seed = np.uint32(2166136261)
    with np.errstate(over="ignore"):
        for byte in name.encode():
            seed = np.uint32((seed ^ np.uint32(byte)) * np.uint32(16777619))
        x = seed + np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1)
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x85EBCA6B)
        x ^= x >> np.uint32(13)
        x *= np.uint32(0xC2B2AE35)
        x ^= x >> np.uint32(16)
    return x.astype(np.float64) / 2**32


def variable(name, shape):
    """The value of a variable; weights are [..., inputs, outputs]."""
    u = hashed(name, int(np.prod(shape))).reshape(shape)
    if len(shape) > 1:
        return (2 * u - 1) * np.sqrt(6 / np.prod(shape[:-1]))
    return 0.5 + u if name.endswith("moving_variance") else (2 * u - 1) * 0.1


def constant(name, shape):
    """A large constant of a frozen graph; undefined ones must be in expected.json."""
    if name.endswith("BatchNorm/Const"):
        return np.ones(shape)
    if not name.endswith(("/Conv2D_weights", "/Conv2D_bn_offset")):
        return variable(name, shape)
    # What the converter folds, by its definition.
    scope = name.rsplit("/", 1)[0].removeprefix("InceptionV1/")
    outputs = shape[-1:]
    beta, mean, variance = (
        variable(f"{scope}/BatchNorm/{part}", outputs)
        for part in ("beta", "moving_mean", "moving_variance")
    )
    factor = 1 / np.sqrt(variance + EPSILON)
    if name.endswith("_weights"):
        return variable(f"{scope}/weights", shape) * factor
    return beta - mean * factor


def image(side, channels):
    values = 2 * hashed("input", side * side * channels) - 1
    return values.astype(np.float32).reshape(1, side, side, channels)


def freeze(build, output, checkpoint, inputs=None):
    """A graph with its variables written, read back and frozen; and what it computes."""
    inputs = image(224, 3) if inputs is None else inputs
    with tf.Graph().as_default() as graph:
        logits = build()
        variables = v1.global_variables()
        saver = v1.train.Saver(variables)
        with v1.Session() as session:
            for var in variables:
                value = variable(var.op.name, var.shape.as_list()).astype(np.float32)
                session.run(var.initializer, {var.initializer.inputs[1]: value})
            saver.save(session, str(checkpoint))
        with v1.Session() as session:
            saver.restore(session, str(checkpoint))
            computed = session.run(logits, {"input:0": inputs})
            frozen = v1.graph_util.convert_variables_to_constants(
                session, graph.as_graph_def(), [output]
            )
    return frozen, computed


def slim(classes=10):
    x = v1.placeholder(tf.float32, [None, 224, 224, 3], "input")
    with tf_slim.arg_scope(inception.inception_v1_arg_scope()):
        logits, _ = inception.inception_v1(x, num_classes=classes, is_training=False)
    return logits


MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def bvlc():
    """Szegedy et al. 2014, Table 1, with Caffe's paddings said explicitly."""

    def get(name, shape):
        return v1.get_variable(name, shape, use_resource=False)

    def convolve(x, name, outputs, size, stride=1, padding="SAME"):
        w = get(f"{name}/weights", [size, size, x.shape[-1], outputs])
        x = v1.nn.conv2d(x, w, strides=[1, stride, stride, 1], padding=padding, name=name)
        return tf.nn.relu(tf.nn.bias_add(x, get(f"{name}/biases", [outputs])))

    def pool(x, stride):
        return tf.nn.max_pool2d(x, 3, stride, "SAME")

    def normalize(x):
        return tf.nn.local_response_normalization(x, 2, bias=1.0, alpha=2e-5, beta=0.75)

    x = v1.placeholder(tf.float32, [None, 224, 224, 3], "input")
    x = tf.pad(x, [[0, 0], [3, 3], [3, 3], [0, 0]])
    x = normalize(pool(convolve(x, "conv1", 64, 7, 2, "VALID"), 2))
    x = convolve(x, "conv2/reduce", 64, 1)
    x = pool(normalize(convolve(x, "conv2", 192, 3)), 2)
    for module, (one, reduce3, three, reduce5, five, projected) in MODULES.items():
        if module in ("4a", "5a"):
            x = pool(x, 2)
        name = f"inception_{module}"
        x = tf.concat(
            [
                convolve(x, f"{name}/1x1", one, 1),
                convolve(convolve(x, f"{name}/3x3_reduce", reduce3, 1), f"{name}/3x3", three, 3),
                convolve(convolve(x, f"{name}/5x5_reduce", reduce5, 1), f"{name}/5x5", five, 5),
                convolve(pool(x, 1), f"{name}/pool_proj", projected, 1),
            ],
            3,
        )
    x = tf.reduce_mean(x, [1, 2])
    logits = tf.matmul(x, get("classifier/weights", [1024, 10])) + get("classifier/biases", [10])
    tf.nn.softmax(logits, name="prob")
    return logits


def convert(frozen, output, folder):
    """What tensorflowjs_converter makes of a frozen graph."""
    path = folder.with_suffix(".pb")
    path.write_bytes(frozen.SerializeToString())
    converter.convert_tf_frozen_model(str(path), output, str(folder))


def write_plain(frozen, output, folder):
    """The same form without the converter's rewriting of the graph."""
    folder.mkdir(parents=True)
    weights = []
    for node in frozen.node:
        if node.op == "Const":
            data = tf.make_ndarray(node.attr["value"].tensor)
            weights.append({"name": node.name, "data": data})
            node.attr["value"].tensor.ClearField("tensor_content")
            for field in ("float_val", "int_val"):
                node.attr["value"].tensor.ClearField(field)
    manifest = write_weights.write_weights([weights], str(folder), write_manifest=False)
    model = {
        "format": "graph-model",
        "generatedBy": tf.__version__,
        "convertedBy": "scripts/goldens-tensorflow.py",
        "signature": {"outputs": {output: {"name": output}}},
        "modelTopology": MessageToDict(frozen),
        "weightsManifest": manifest,
    }
    (folder / "model.json").write_text(json.dumps(model))


def keep(folder, name):
    """Keeps a model.json, and of its weights what is no formula; checks the others."""
    text = (folder / "model.json").read_text()
    write_gzip(f"{name}.json.gz", text)
    constants = {}
    manifest = json.loads(text)["weightsManifest"]
    for entry in read_weights(manifest, str(folder), flatten=True):
        data = entry["data"]
        if data.size <= 16 and not entry["name"].endswith("biases"):
            constants[entry["name"]] = data.reshape(-1).tolist()
        else:
            expected = constant(entry["name"], data.shape)
            difference = np.abs(data - expected).max() / np.abs(expected).max()
            assert difference < 1e-5, (entry["name"], difference)
    return constants


def write_gzip(name, text):
    # Without a time, so that the same content gives the same file.
    (FOLDER / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def lenet_layers(library):
    layers = library.layers
    return [
        layers.Conv2D(20, 5, name="conv1"),
        layers.MaxPooling2D(2, name="pool1"),
        layers.Conv2D(50, 5, name="conv2"),
        layers.MaxPooling2D(2, name="pool2"),
        layers.Flatten(name="flatten"),
        layers.Dense(500, activation="relu", name="ip1"),
        layers.Dense(10, activation="softmax", name="ip2"),
    ]


def set_lenet(model):
    for layer in model.layers:
        values = [
            variable(f"{layer.name}/{i}", array.shape).astype(np.float32)
            for i, array in enumerate(layer.get_weights())
        ]
        if layer.name == "ip1":
            # Few levels, so that the file packs well.
            values[0] = (np.round(values[0] * 80) / 80).astype(np.float32)
        layer.set_weights(values)


def lenet(scratch):
    """Converted with quantized weights, and computed with what these stand for."""
    model = keras.Sequential([keras.Input((28, 28, 1)), *lenet_layers(keras)])
    set_lenet(model)
    saved, folder = scratch / "lenet-saved", FOLDER / "lenet"
    model.export(str(saved), verbose=False)
    converter.convert_tf_saved_model(
        str(saved),
        str(folder),
        quantization_dtype_map={
            "float16": "*conv*",
            "uint16": "*ip2*",
            "uint8": "*ip1*",
        },
    )
    for layer in model.layers:
        kind = {"ip1": np.uint8, "ip2": np.uint16}.get(layer.name, np.float16)
        layer.set_weights(
            [
                quantization.dequantize_weights(*quantization.quantize_weights(array, kind))
                for array in layer.get_weights()
            ]
        )
    probabilities = model.predict(image(28, 1), verbose=0)[0]
    return {"probabilities": probabilities.tolist()}


def lenet_as_layers(scratch):
    model = tf_keras.Sequential([tf_keras.Input((28, 28, 1)), *lenet_layers(tf_keras)])
    set_lenet(model)
    folder = scratch / "lenet-layers"
    save_keras_model(model, str(folder))
    write_gzip("lenet-layers.json.gz", (folder / "model.json").read_text())


def keras_googlenet(scratch):
    layers = tf_keras.layers

    def convolve(x, name, outputs, size, stride=1):
        if size > 1:
            x = layers.ZeroPadding2D((size - 1) // 2, name=f"{name}_pad")(x)
        x = layers.Conv2D(outputs, size, stride, use_bias=False, name=name)(x)
        x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_bn")(x)
        return layers.ReLU(name=f"{name}_relu")(x)

    def pool(x, name, size, stride):
        return layers.MaxPooling2D(size, stride, padding="same", name=name)(x)

    pixels = tf_keras.Input((None, None, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, -1, name="rescaled")(pixels)
    x = pool(convolve(x, "conv1", 64, 7, 2), "pool1", 3, 2)
    x = convolve(convolve(x, "conv2", 64, 1), "conv3", 192, 3)
    x = pool(x, "pool2", 3, 2)
    for module, (one, reduce3, three, reduce5, five, projected) in MODULES.items():
        if module == "4a":
            x = pool(x, "pool3", 3, 2)
        if module == "5a":
            x = pool(x, "pool4", 2, 2)
        first = convolve(x, f"m{module}_1", one, 1)
        second = convolve(convolve(x, f"m{module}_2a", reduce3, 1), f"m{module}_2b", three, 3)
        third = convolve(convolve(x, f"m{module}_3a", reduce5, 1), f"m{module}_3b", five, 3)
        fourth = convolve(pool(x, f"m{module}_pool", 3, 1), f"m{module}_4", projected, 1)
        x = layers.Concatenate(name=f"m{module}")([first, second, third, fourth])
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    logits = layers.Dense(10, name="logits")(layers.Dropout(0.2, name="drop")(x))
    model = tf_keras.Model(pixels, logits)
    for var in model.weights:
        name = var.name.removesuffix(":0")
        value = variable(name, tuple(var.shape))
        if name.endswith("gamma"):
            value = 1 + value
        var.assign(value.astype(np.float32))
    folder = scratch / "keras"
    save_keras_model(model, str(folder))
    write_gzip("keras.json.gz", (folder / "model.json").read_text())
    computed = model.predict((image(224, 3) + 1) * 127.5, verbose=0)[0]
    return {"logits": computed.tolist(), "constants": {}}


SLIM_OUTPUT = "InceptionV1/Logits/Predictions/Reshape_1"


def verify(folder):
    """How far the imported weights are from TensorFlow, at full size."""
    import onnxruntime

    folder.mkdir(parents=True)
    inputs = np.random.default_rng(7).uniform(-1, 1, (4, 224, 224, 3)).astype(np.float32)
    frozen, logits = freeze(lambda: slim(1001), SLIM_OUTPUT, folder / "slim.ckpt", inputs)
    convert(frozen, SLIM_OUTPUT, folder / "slim-folded")
    write_plain(frozen, SLIM_OUTPUT, folder / "slim-plain")
    cli = Path(__file__).parent.parent / "dist/src/cli.js"
    worst = 0
    for form in ("slim-folded", "slim-plain"):
        weights, exported = folder / f"{form}.safetensors", folder / f"{form}.onnx"
        name = "Logits/Conv2d_0c_1x1"
        for args in (
            ["import", folder / form / "model.json", "-o", weights],
            ["export", weights, "-o", exported, "--outputs", name],
        ):
            subprocess.run(["node", cli, "weights", *map(str, args)], check=True)
        session = onnxruntime.InferenceSession(exported)
        ours = session.run([name], {"data": inputs.transpose(0, 3, 1, 2)})[0]
        difference = np.abs(ours - logits).max() / np.abs(logits).max()
        worst = max(worst, difference)
        print(f"{form}: {logits.shape} logits differ by {difference:.1e} of their scale")
    return int(not worst < 1e-4)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--verify", type=Path, metavar="DIR", help="a new folder")
    folder = parser.parse_args().verify
    if folder:
        return verify(folder)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    expected = {"tensorflow": tf.__version__}
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        frozen, (logits,) = freeze(slim, SLIM_OUTPUT, scratch / "slim.ckpt")
        convert(frozen, SLIM_OUTPUT, scratch / "slim-folded")
        write_plain(frozen, SLIM_OUTPUT, scratch / "slim-plain")
        for form in ("slim-folded", "slim-plain"):
            expected[form] = {
                "logits": logits.tolist(),
                "constants": keep(scratch / form, form),
            }
        frozen, (logits,) = freeze(bvlc, "prob", scratch / "bvlc.ckpt")
        convert(frozen, "prob", scratch / "bvlc")
        expected["bvlc"] = {"logits": logits.tolist(), "constants": keep(scratch / "bvlc", "bvlc")}
        expected["lenet"] = lenet(scratch)
        lenet_as_layers(scratch)
        expected["keras"] = keras_googlenet(scratch)
        (FOLDER / "expected.json").write_text(json.dumps(expected))
    return 0


sys.exit(main())
