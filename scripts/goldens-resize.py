"""Pixels that OpenCV's resize gives, for tests/detectors/warp.test.ts.

    python scripts/goldens-resize.py > tests/fixtures/detectors/resize.json

Needs numpy and opencv (scripts/requirements-peers.txt).
"""
import base64
import json

import cv2
import numpy as np

text = lambda pixels: base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode()
random = np.random.default_rng(0)
cases = []
for width, height, longest in [(25, 18, 30), (40, 31, 57), (7, 33, 64), (60, 44, 25), (50, 50, 20)]:
    image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    scale = longest / max(width, height)
    size = (round(width * scale), round(height * scale))
    kind = cv2.INTER_LINEAR if scale > 1 else cv2.INTER_AREA
    resized = cv2.resize(image, size, interpolation=kind)
    cases.append({
        "width": width, "height": height, "pixels": text(image),
        "longest": longest, "expected": text(resized),
    })
print(json.dumps({"opencv": cv2.__version__, "cases": cases}))
