"""What OpenCV's DNN computes for random Caffe models of our networks, for
tests/detectors/caffeNetworks.test.ts.

    python scripts/goldens-networks.py > tests/fixtures/detectors/caffe-networks.json
    python scripts/goldens-networks.py --keep DIR   # leave prototxt and caffemodel there

The networks are written down here a second time, from the published prototxt files
and papers. Weights and input are a formula of their names and places, so that no file
of numbers is needed on either side. Needs numpy and OpenCV 4, since OpenCV 5 reads no
Caffe models any more: pip install opencv-python-headless==4.12.0.88.
"""
import argparse
import json
import math
import os
import sys
import tempfile

import cv2
import numpy as np

CLASSES = 10
# Values kept of each layer but the ReLUs, at places spread by a formula.
SAMPLES = 12


def numbers(name, shape, limit):
    """Numbers from -limit to limit by a hash of the name and the place."""
    seed = 2166136261
    for byte in name.encode():
        seed = ((seed ^ byte) * 16777619) % 2**32
    with np.errstate(over="ignore"):
        x = np.arange(math.prod(shape), dtype=np.uint32) + np.uint32(seed)
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        x ^= x >> np.uint32(16)
    return ((x / 2.0**31 - 1) * limit).astype(np.float32).reshape(shape)


class Net:
    """A prototxt and its blobs; each method gives the top that it adds."""

    def __init__(self, channels, side):
        self.text = [
            'input: "data"',
            f"input_dim: 1 input_dim: {channels} input_dim: {side} input_dim: {side}",
        ]
        self.side = side
        self.channels = {"data": channels}
        self.layers = []
        self.blobs = {}
        # Layers by the names that our nodes have.
        self.nodes = {}

    def layer(self, kind, name, bottoms, parameters="", channels=None):
        lines = [f'layer {{ name: "{name}" type: "{kind}" top: "{name}"']
        lines += [f'bottom: "{bottom}"' for bottom in bottoms]
        self.text.append(" ".join(lines + [parameters, "}"]))
        self.layers.append((kind, name, bottoms))
        self.channels[name] = channels or self.channels[bottoms[0]]
        if kind != "ReLU":
            self.nodes[name] = name
        return name

    def relu(self, x, name=None):
        return self.layer("ReLU", name or f"{x}/relu", [x])

    def conv(self, x, name, outputs, size, stride=1, pad=0, groups=1, bias=True, weight=None):
        shape = (outputs, self.channels[x] // groups, size, size)
        limit = math.sqrt(6 / math.prod(shape[1:]))
        self.blobs[name] = [numbers(f"{name}/weight", shape, limit) if weight is None else weight]
        if bias:
            self.blobs[name].append(numbers(f"{name}/bias", (outputs,), 0.5))
        return self.layer("Convolution", name, [x], "convolution_param { "
            f"num_output: {outputs} kernel_size: {size} stride: {stride} pad: {pad} "
            f"group: {groups} bias_term: {str(bias).lower()} }}", outputs)

    def linear(self, x, name, outputs, inputs):
        self.blobs[name] = [
            numbers(f"{name}/weight", (outputs, inputs), math.sqrt(6 / inputs)),
            numbers(f"{name}/bias", (outputs,), 0.5),
        ]
        return self.layer("InnerProduct", name, [x],
            f"inner_product_param {{ num_output: {outputs} }}", outputs)

    def batch_norm(self, x, name, epsilon):
        """Caffe's pair of layers; what the second one gives is our node's."""
        count = self.channels[x]
        mean = numbers(f"{name}/mean", (count,), 0.5)
        variance = (0.5 + numbers(f"{name}/variance", (count,), 1.0) ** 2).astype(np.float32)
        self.blobs[name] = [mean, variance, np.ones(1, np.float32)]
        self.blobs[f"{name}/scale"] = [
            (1 + numbers(f"{name}/weight", (count,), 0.5)).astype(np.float32),
            numbers(f"{name}/bias", (count,), 0.5),
        ]
        x = self.layer("BatchNorm", name, [x],
            f"batch_norm_param {{ use_global_stats: true eps: {epsilon} }}")
        x = self.layer("Scale", f"{name}/scale", [x], "scale_param { bias_term: true }")
        self.nodes[name] = self.nodes.pop(x)
        return x

    def pool(self, x, name, size, stride, pad=0, kind="MAX"):
        return self.layer("Pooling", name, [x],
            f"pooling_param {{ pool: {kind} kernel_size: {size} stride: {stride} pad: {pad} }}")

    def global_pool(self, x, name):
        return self.layer("Pooling", name, [x], "pooling_param { pool: AVE global_pooling: true }")

    def norm(self, x, name):
        return self.layer("LRN", name, [x],
            "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }")

    def concat(self, name, parts):
        return self.layer("Concat", name, parts, "", sum(self.channels[p] for p in parts))

    def softmax(self, x):
        return self.layer("Softmax", "prob", [x])


MODULES = {
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def gabor_bank(net, x):
    """Serre et al. 2007: eq. 1 and table 1, in round filters of mean 0 and norm 1."""
    parts = []
    for size in range(7, 38, 2):
        sigma = 0.0036 * size**2 + 0.35 * size + 0.18
        wavelength = sigma / 0.8
        y, z = np.mgrid[-(size // 2): size // 2 + 1, -(size // 2): size // 2 + 1].astype(float)
        inside = y**2 + z**2 <= (size / 2) ** 2
        bank = []
        for degrees in (0, 45, 90, 135):
            angle = math.radians(degrees)
            u = z * math.cos(angle) + y * math.sin(angle)
            v = -z * math.sin(angle) + y * math.cos(angle)
            gabor = np.exp(-(u**2 + 0.3**2 * v**2) / (2 * sigma**2)) * np.cos(2 * np.pi / wavelength * u)
            gabor = np.where(inside, gabor - gabor[inside].mean(), 0)
            bank.append([gabor / np.linalg.norm(gabor) / 3] * 3)
        weight = np.array(bank, np.float32)
        parts.append(net.conv(x, f"s1/gabor_{size}x{size}", 4, size, 2, size // 2,
            bias=False, weight=weight))
    return net.relu(net.concat("s1", parts))


def googlenet(bn=False, aux=False, gabor=False):
    net = Net(3, 224)

    def conv(x, name, outputs, size, stride=1):
        x = net.conv(x, name, outputs, size, stride, size // 2, bias=not bn)
        if bn:
            x = net.batch_norm(x, f"{name}/bn", 1e-5)
        return net.relu(x, f"{name}/relu")

    def norm(x, name):
        return x if bn else net.norm(x, name)

    def module(x, m):
        one, three_reduce, three, five_reduce, five, projected = MODULES[m]
        p = f"inception_{m}/"
        a = conv(x, p + "1x1", one, 1)
        b = conv(conv(x, p + "3x3_reduce", three_reduce, 1), p + "3x3", three, 3)
        c = conv(conv(x, p + "5x5_reduce", five_reduce, 1), p + "5x5", five, 5)
        d = conv(net.pool(x, p + "pool", 3, 1, 1), p + "pool_proj", projected, 1)
        return net.concat(p + "output", [a, b, c, d])

    def head(x, name):
        if aux:
            y = conv(net.pool(x, f"{name}/ave_pool", 5, 3, kind="AVE"), f"{name}/conv", 128, 1)
            y = net.relu(net.linear(y, f"{name}/fc", 1024, 128 * 16))
            net.linear(y, f"{name}/classifier", CLASSES, 1024)

    x = gabor_bank(net, "data") if gabor else conv("data", "conv1/7x7_s2", 64, 7, 2)
    x = norm(net.pool(x, "pool1/3x3_s2", 3, 2), "pool1/norm1")
    x = conv(conv(x, "conv2/3x3_reduce", 64, 1), "conv2/3x3", 192, 3)
    x = net.pool(norm(x, "conv2/norm2"), "pool2/3x3_s2", 3, 2)
    x = net.pool(module(module(x, "3a"), "3b"), "pool3/3x3_s2", 3, 2)
    x = module(x, "4a")
    head(x, "loss1")
    x = module(module(module(x, "4b"), "4c"), "4d")
    head(x, "loss2")
    x = net.pool(module(x, "4e"), "pool4/3x3_s2", 3, 2)
    x = net.global_pool(module(module(x, "5a"), "5b"), "pool5/7x7_s1")
    net.softmax(net.linear(x, "loss3/classifier", CLASSES, 1024))
    return net


def torchvision():
    net = Net(3, 224)

    def conv(x, name, outputs, size=1, stride=1):
        x = net.conv(x, f"{name}/conv", outputs, size, stride, size // 2, bias=False)
        return net.relu(net.batch_norm(x, f"{name}/bn", 1e-3), f"{name}/relu")

    def module(x, m):
        one, three_reduce, three, five_reduce, five, projected = MODULES[m]
        p = f"inception{m}/branch"
        a = conv(x, p + "1", one)
        b = conv(conv(x, p + "2/0", three_reduce), p + "2/1", three, 3)
        c = conv(conv(x, p + "3/0", five_reduce), p + "3/1", five, 3)
        d = conv(net.pool(x, p + "4/0", 3, 1, 1), p + "4/1", projected)
        return net.concat(f"inception{m}/output", [a, b, c, d])

    x = net.pool(conv("data", "conv1", 64, 7, 2), "maxpool1", 3, 2)
    x = net.pool(conv(conv(x, "conv2", 64), "conv3", 192, 3), "maxpool2", 3, 2)
    x = net.pool(module(module(x, "3a"), "3b"), "maxpool3", 3, 2)
    for m in ("4a", "4b", "4c", "4d", "4e"):
        x = module(x, m)
    x = module(module(net.pool(x, "maxpool4", 2, 2), "5a"), "5b")
    net.softmax(net.linear(net.global_pool(x, "avgpool"), "fc", CLASSES, 1024))
    return net


def alexnet(pool_first):
    net = Net(3, 227)

    def shrink(x, i):
        if pool_first:
            return net.norm(net.pool(x, f"pool{i}", 3, 2), f"norm{i}")
        return net.pool(net.norm(x, f"norm{i}"), f"pool{i}", 3, 2)

    x = shrink(net.relu(net.conv("data", "conv1", 96, 11, 4)), 1)
    x = shrink(net.relu(net.conv(x, "conv2", 256, 5, pad=2, groups=2)), 2)
    x = net.relu(net.conv(x, "conv3", 384, 3, pad=1))
    x = net.relu(net.conv(x, "conv4", 384, 3, pad=1, groups=2))
    x = net.relu(net.conv(x, "conv5", 256, 3, pad=1, groups=2))
    x = net.pool(x, "pool5", 3, 2)
    x = net.relu(net.linear(x, "fc6", 4096, 256 * 36))
    x = net.relu(net.linear(x, "fc7", 4096, 4096))
    net.softmax(net.linear(x, "fc8", CLASSES, 4096))
    return net


def network_in_network():
    net = Net(3, 224)
    conv = lambda x, *shape, **window: net.relu(net.conv(x, *shape, **window))
    x = conv(conv(conv("data", "conv1", 96, 11, 4), "cccp1", 96, 1), "cccp2", 96, 1)
    x = conv(net.pool(x, "pool0", 3, 2), "conv2", 256, 5, pad=2)
    x = conv(conv(x, "cccp3", 256, 1), "cccp4", 256, 1)
    x = conv(net.pool(x, "pool2", 3, 2), "conv3", 384, 3, pad=1)
    x = conv(conv(x, "cccp5", 384, 1), "cccp6", 384, 1)
    x = conv(net.pool(x, "pool3", 3, 2), "conv4-1024", 1024, 3, pad=1)
    x = conv(conv(x, "cccp7-1024", 1024, 1), "cccp8-1024", CLASSES, 1)
    net.softmax(net.pool(x, "pool4", 6, 1, kind="AVE"))
    return net


def lenet():
    net = Net(1, 28)
    x = net.pool(net.conv("data", "conv1", 20, 5), "pool1", 2, 2)
    x = net.pool(net.conv(x, "conv2", 50, 5), "pool2", 2, 2)
    x = net.relu(net.linear(x, "ip1", 500, 800))
    net.softmax(net.linear(x, "ip2", CLASSES, 500))
    return net


NETWORKS = {
    "googlenet": lambda: googlenet(),
    "googlenet-aux": lambda: googlenet(aux=True),
    "googlenet-bn": lambda: googlenet(bn=True),
    "gabor-googlenet": lambda: googlenet(gabor=True),
    "googlenet-torchvision": torchvision,
    "nin": network_in_network,
    "alexnet": lambda: alexnet(pool_first=False),
    "caffenet": lambda: alexnet(pool_first=True),
    "lenet": lenet,
}


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def caffemodel(net, name):
    """NetParameter: name 1, layer 100 { name 1, type 2, bottom 3, top 4, blobs 7 { data 5, shape 7 { dim 1 } } }."""
    out = field(1, name.encode())
    for kind, layer, bottoms in net.layers:
        body = field(1, layer.encode()) + field(2, kind.encode())
        body += b"".join(field(3, bottom.encode()) for bottom in bottoms)
        body += field(4, layer.encode())
        for blob in net.blobs.get(layer, []):
            dims = field(1, b"".join(varint(n) for n in blob.shape))
            body += field(7, field(7, dims) + field(5, blob.tobytes()))
        out += field(100, body)
    return out


def run(name, net, folder):
    prototxt = os.path.join(folder, f"{name}.prototxt")
    model = os.path.join(folder, f"{name}.caffemodel")
    with open(prototxt, "w") as file:
        file.write("\n".join([f'name: "{name}"', *net.text]) + "\n")
    with open(model, "wb") as file:
        file.write(caffemodel(net, name))
    dnn = cv2.dnn.readNetFromCaffe(prototxt, model)
    dnn.enableFusion(False)
    dnn.setInput(numbers("data", (1, net.channels["data"], net.side, net.side), 128.0))
    layers = {}
    for node, value in zip(net.nodes, dnn.forward(list(net.nodes.values()))):
        value = value.ravel()
        places = (np.arange(1, SAMPLES + 1) * 2654435761 % 2**32 % value.size).tolist()
        layers[node] = {
            "count": value.size,
            "scale": float(f"{np.abs(value).max():.7g}"),
            "mean": float(f"{value.astype(float).mean():.7g}"),
            "samples": [float(f"{value[i]:.7g}") for i in places],
        }
    return layers


parser = argparse.ArgumentParser()
parser.add_argument("--keep", help="leave the Caffe files in this folder")
folder = parser.parse_args().keep or tempfile.mkdtemp()
os.makedirs(folder, exist_ok=True)
goldens = {name: run(name, build(), folder) for name, build in NETWORKS.items()}
json.dump({"opencv": cv2.__version__, "classes": CLASSES, "networks": goldens}, sys.stdout, separators=(",", ":"))
print()
