"""The peers' side of bench/networks.mjs: `networks-peers.py MODEL.onnx`.

Reads lines `PEER BATCH SIDE PATH` (PATH holds float32 of [BATCH, 3, SIDE, SIDE]) and
answers each with a line of JSON: seconds of processor time of one pass on one thread,
and `prob`, flat. A peer that isn't installed answers {"missing": REASON}.
"""

import json
import sys
import time

import numpy as np

MODEL = sys.argv[1]


def opencv():
    import cv2
    import onnx

    cv2.setNumThreads(1)
    networks = {}

    def load(shape):
        # OpenCV 4 understands fixed sizes only.
        model = onnx.load(MODEL)
        for dimension, size in zip(model.graph.input[0].type.tensor_type.shape.dim, shape):
            dimension.Clear()
            dimension.dim_value = size
        return cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))

    def run(x):
        if x.shape not in networks:
            networks[x.shape] = load(x.shape)
        networks[x.shape].setInput(x)
        return networks[x.shape].forward()

    return run


def torch_network(traced):
    import onnx
    import torch
    from onnx import numpy_helper

    torch.set_num_threads(1)
    functional = torch.nn.functional
    graph = onnx.load(MODEL).graph
    layout = {"memory_format": torch.channels_last}

    class Network(torch.nn.Module):
        """The ONNX graph, node by node."""

        def __init__(self):
            super().__init__()
            self.tensors = {}
            for item in graph.initializer:
                tensor = torch.from_numpy(numpy_helper.to_array(item).copy())
                self.tensors[item.name] = tensor.contiguous(**layout) if tensor.ndim == 4 else tensor

        def forward(self, x):
            values = dict(self.tensors)
            values[graph.input[0].name] = x
            for node in graph.node:
                a = {at.name: onnx.helper.get_attribute_value(at) for at in node.attribute}
                i = [values[name] for name in node.input]
                if node.op_type == "Conv":
                    y = functional.conv2d(i[0], i[1], i[2], a["strides"], a["pads"][:2], groups=a.get("group", 1))
                elif node.op_type == "Relu":
                    y = functional.relu(i[0])
                elif node.op_type == "MaxPool":
                    y = functional.max_pool2d(i[0], a["kernel_shape"], a["strides"], a["pads"][:2], ceil_mode=True)
                elif node.op_type == "LRN":
                    y = functional.local_response_norm(i[0], a["size"], a["alpha"], a["beta"], a["bias"])
                elif node.op_type == "Concat":
                    y = torch.cat(i, a["axis"])
                elif node.op_type == "GlobalAveragePool":
                    y = i[0].mean((2, 3), keepdim=True)
                elif node.op_type == "Flatten":
                    y = i[0].flatten(1)
                elif node.op_type == "Gemm":
                    y = functional.linear(i[0], i[1], i[2])
                elif node.op_type == "Softmax":
                    y = functional.softmax(i[0], 1)
                elif node.op_type in ("Identity", "Dropout"):
                    y = i[0]
                else:
                    raise NotImplementedError(node.op_type)
                values[node.output[0]] = y
            return values[graph.output[0].name]

    network = Network().eval()
    compiled = {}

    def run(x):
        tensor = torch.from_numpy(x).contiguous(**layout)
        with torch.inference_mode():
            if not traced:
                return network(tensor).numpy()
            if len(x) not in compiled:
                compiled[len(x)] = torch.jit.optimize_for_inference(torch.jit.trace(network, tensor))
            return compiled[len(x)](tensor).numpy()

    return run


makers = {
    "opencv": opencv,
    "torch": lambda: torch_network(False),
    "torch-traced": lambda: torch_network(True),
}
loaded = {}

for line in sys.stdin:
    peer, batch, side, path = line.rstrip("\n").split(" ", 3)
    try:
        if peer not in loaded:
            loaded[peer] = makers[peer]()
        x = np.fromfile(path, np.float32).reshape(int(batch), 3, int(side), int(side))
        start = time.process_time()
        prob = loaded[peer](x)
        seconds = time.process_time() - start
        answer = {"seconds": seconds, "prob": [float(p) for p in np.ravel(prob)]}
    except (ImportError, AttributeError, NotImplementedError, OSError) as error:
        answer = {"missing": f"{type(error).__name__}: {error}"}
    if peer == "opencv":
        answer["version"] = __import__("cv2").__version__ if "prob" in answer else None
    print(json.dumps(answer), flush=True)
