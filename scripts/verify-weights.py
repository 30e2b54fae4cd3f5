"""Runs what `rcnn weights` imports and exports through other people's programs.

    python scripts/goldens-networks.py --keep DIR > /dev/null
    npm run build && python scripts/verify-weights.py DIR [bvlc_googlenet.caffemodel]

For every random Caffe model in DIR: imports it, exports ONNX, has onnx.checker look at
the file (full check, shapes inferred), and compares what onnxruntime computes from it
with what OpenCV's DNN computes from the Caffe files. Given BVLC's own file (legacy V1
form), does the same with it. Exits with 1 when anything differs by more than 1e-4 of
the output's scale. The last line sums it up.

Needs: pip install opencv-python-headless==4.12.0.88 onnx==1.19.1 onnxruntime==1.23.2
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime

CLI = Path(__file__).parent.parent / "dist/src/cli.js"
LIMIT = 1e-4


def rcnn(*args):
    subprocess.run(["node", CLI, "weights", *map(str, args)], check=True, stdout=subprocess.DEVNULL)


def verify(model, prototxt, network):
    """The largest difference, as a part of the output's scale."""
    with tempfile.TemporaryDirectory() as folder:
        weights, exported = Path(folder) / "w.safetensors", Path(folder) / "w.onnx"
        auxiliary = ["--auxiliary"] if network.endswith("-aux") else []
        rcnn("import", model, "-o", weights, *auxiliary)
        # The logits: a softmax of random ones is all but one-hot, and would hide differences.
        logits = re.findall(r'type: "Softmax" .*bottom: "([^"]+)"', prototxt)
        logits += [name for name in ("loss1/classifier", "loss2/classifier") if f'"{name}"' in prototxt]
        rcnn("export", weights, "-o", exported, "--outputs", ",".join(logits))
        proto = onnx.load(exported)
        onnx.checker.check_model(proto, full_check=True)
        named = {entry.key: entry.value for entry in proto.metadata_props}["graph"]
        assert named == network, f"taken for {named}"
        dims = [int(n) for n in re.findall(r"input_dim: (\d+)", prototxt)]
        image = np.random.default_rng(0).uniform(-100, 100, dims).astype(np.float32)
        session = onnxruntime.InferenceSession(exported)
        names = [output.name for output in session.get_outputs()]
        ours = session.run(names, {"data": image})
    buffers = [np.frombuffer(data, np.uint8) for data in (prototxt.encode(), Path(model).read_bytes())]
    dnn = cv2.dnn.readNetFromCaffe(*buffers)
    dnn.setInput(image)
    theirs = dnn.forward(names)
    return max(
        float(np.abs(a.ravel() - b.ravel()).max() / np.abs(b).max()) for a, b in zip(ours, theirs)
    )


def main(folder, bvlc=None):
    cases = [(path, path.stem) for path in sorted(Path(folder).glob("*.caffemodel"))]
    texts = {name: (Path(folder) / f"{name}.prototxt").read_text() for _, name in cases}
    worst = 0
    for path, name in cases:
        difference = verify(path, texts[name], name)
        worst = max(worst, difference)
        print(f"{name}: checked; onnxruntime and OpenCV differ by {difference:.1e}", flush=True)
    if bvlc:
        text = re.sub(r'(name: "loss3/classifier".*num_output: )\d+', r"\g<1>1000", texts["googlenet"])
        difference = verify(bvlc, text, "googlenet")
        worst = max(worst, difference)
        print(f"{Path(bvlc).name}: checked; onnxruntime and OpenCV differ by {difference:.1e}")
    print(
        f"{len(cases) + bool(bvlc)} models, largest difference {worst:.1e} "
        f"(onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, OpenCV {cv2.__version__})"
    )
    return int(not worst < LIMIT)


sys.exit(main(*sys.argv[1:]))
