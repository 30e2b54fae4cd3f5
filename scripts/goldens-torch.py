"""Files that PyTorch writes and numbers that torchvision's GoogLeNet gives, for
tests/detectors/torch.test.ts.

    python scripts/goldens-torch.py

writes tests/fixtures/detectors/torch/: small state dicts in both of torch.save's forms
with what is in them (tiny.json), and the outputs of torchvision's GoogLeNet whose
weights and inputs are a formula (googlenet.json), so that no large file is needed.

Made with torch 1.13.1 and torchvision 0.14.1.
"""
import json
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
import torchvision

FOLDER = Path(__file__).parent.parent / "tests/fixtures/detectors/torch"


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


def parameter(name, shape):
    count = int(np.prod(shape))
    u = hashed(name, count)
    if len(shape) > 1:
        values = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith(("running_var", "bn.weight")):
        values = 0.5 + u
    else:
        values = (2 * u - 1) * 0.1
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def googlenet():
    model = torchvision.models.googlenet(
        weights=None, init_weights=False, aux_logits=False, num_classes=10
    ).eval()
    state = OrderedDict(
        (name, value if value.dtype == torch.int64 else parameter(name, tuple(value.shape)))
        for name, value in model.state_dict().items()
    )
    model.load_state_dict(state)
    cases = []
    for height, width in [(224, 224), (97, 131)]:
        values = 2 * hashed("input", 3 * height * width) - 1
        x = torch.from_numpy(values.astype(np.float32).reshape(1, 3, height, width))
        with torch.no_grad():
            logits = model(x)[0]
        cases.append({"height": height, "width": width, "logits": logits.tolist()})
    shapes = {name: list(value.shape) for name, value in state.items()}
    return {
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "shapes": shapes,
        "cases": cases,
    }


def tiny():
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) / 8
    state = OrderedDict()
    state["plain"] = base.clone()
    state["turned"] = base.permute(2, 0, 1)
    state["part"] = base[1, :, 1:3]
    state["double"] = torch.tensor([1 / 3, -2.5], dtype=torch.float64)
    state["half"] = torch.tensor([0.1, -65504], dtype=torch.float16)
    state["brain"] = torch.tensor([1 / 3, -3e38], dtype=torch.bfloat16)
    state["trained"] = torch.nn.Parameter(torch.tensor([[0.25]]))
    state["scalar"] = torch.tensor(7.0)
    state["empty"] = torch.zeros(0, 3)
    state["steps.num_batches_tracked"] = torch.tensor(12)
    # What a module's own state_dict() carries, which pickles as an attribute.
    state._metadata = OrderedDict([("", {"version": 1})])
    return state


FOLDER.mkdir(parents=True, exist_ok=True)
state = tiny()
torch.save(state, FOLDER / "tiny-zip.pth")
torch.save(state, FOLDER / "tiny-old.pth", _use_new_zipfile_serialization=False)
torch.save(
    {"epoch": 3, "note": "x", "rate": 0.5, "state_dict": {"module.w": torch.ones(2)}},
    FOLDER / "checkpoint.pth",
)
torch.save(torch.nn.Linear(2, 2), FOLDER / "whole-module.pth")
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), FOLDER / "torchscript.pt")
expected = {
    name: {"shape": list(value.shape), "data": value.detach().float().flatten().tolist()}
    for name, value in state.items()
    if value.dtype != torch.int64
}
(FOLDER / "tiny.json").write_text(json.dumps(expected))
(FOLDER / "googlenet.json").write_text(json.dumps(googlenet()))
