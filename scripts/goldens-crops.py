"""The crops that a classifier looks at, made with OpenCV, for tests/detectors/classify.test.ts.

    python scripts/goldens-crops.py > tests/fixtures/detectors/crops.json

Needs numpy and opencv (scripts/requirements-peers.txt). Photos are made by a formula
that the test has too; of each crop its 224×224×3 bytes (RGB) are hashed. The 144 crops
are told without their order, which means nothing.
"""
import hashlib
import json

import cv2
import numpy as np


def photo(width, height):
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    wave = (x * x * (c + 3) + y * y * 7 + x * y * 5 + 31 * c) // 64
    return (wave % 256).astype(np.uint8)


def resize(image, width, height):
    while image.shape[1] / width >= 2 and image.shape[0] / height >= 2:
        h, w = image.shape[0] // 2, image.shape[1] // 2
        image = cv2.resize(image[: 2 * h, : 2 * w], (w, h), interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def five(image):
    side = image.shape[0]
    far, middle = side - 224, (side - 224) // 2
    for top, left in [(0, 0), (0, far), (far, 0), (far, far), (middle, middle)]:
        yield image[top : top + 224, left : left + 224]


def crops_of(image):
    small = resize(image, 256, 256)
    ten = [view for crop in five(small) for view in (crop, crop[:, ::-1])]
    many = []
    height, width = image.shape[:2]
    side = min(width, height)
    for top, left in [
        (0, 0),
        ((height - side) // 2, (width - side) // 2),
        (height - side, width - side),
    ]:
        square = image[top : top + side, left : left + side]
        for scale in (256, 288, 320, 352):
            scaled = resize(square, scale, scale)
            for crop in [*five(scaled), resize(scaled, 224, 224)]:
                many += [crop, crop[:, ::-1]]
    return {"1": [small[16:240, 16:240]], "10": ten, "144": many}


cases = []
for width, height in [(500, 375), (300, 701), (1101, 903), (90, 60), (256, 256)]:
    crops = {
        count: sorted(
            hashlib.sha256(np.ascontiguousarray(crop).tobytes()).hexdigest()[:8]
            for crop in views
        )
        for count, views in crops_of(photo(width, height)).items()
    }
    cases.append({"width": width, "height": height, "crops": crops})
print(json.dumps({"opencv": cv2.__version__, "cases": cases}))
