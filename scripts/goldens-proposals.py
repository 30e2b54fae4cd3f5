"""Writes tests/fixtures/proposals/felzenszwalb.json: label maps of scikit-image.

    python scripts/goldens-proposals.py

The images are made here and stored with the labels, so that no decoder comes in
between. Labels are run-length coded: [label, length, label, length, ...].
"""

import base64
import json
from pathlib import Path

import numpy as np
import skimage
from skimage.segmentation import felzenszwalb


def noise(rng, width, height):
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def patches(rng, width, height):
    """Rectangles of random colours under noise, which photos resemble more."""
    image = np.zeros((height, width, 3)) + rng.integers(0, 256, 3)
    for _ in range(12):
        x, y = rng.integers(0, width), rng.integers(0, height)
        w, h = rng.integers(4, width // 2), rng.integers(4, height // 2)
        image[y : y + h, x : x + w] = rng.integers(0, 256, 3)
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def waves(rng, width, height):
    """Smooth colours without a hard edge."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [
        128 + 100 * np.sin(x / rng.uniform(5, 15) + y / rng.uniform(5, 15))
        for _ in range(3)
    ]
    grain = rng.normal(0, 2, (height, width, 3))
    return np.clip(np.stack(channels, 2) + grain, 0, 255).astype(np.uint8)


def run_lengths(labels):
    flat = labels.ravel()
    starts = np.flatnonzero(np.r_[True, flat[1:] != flat[:-1]])
    lengths = np.diff(np.r_[starts, flat.size])
    return np.stack([flat[starts], lengths], 1).ravel().tolist()


def main():
    rng = np.random.default_rng(7)
    cases = []
    for make, width, height, scale, sigma, min_size in [
        (noise, 40, 30, 100, 0.8, 20),
        (noise, 33, 41, 400, 0.5, 0),
        (patches, 96, 64, 100, 0.8, 50),
        (patches, 64, 96, 30, 1.2, 10),
        (patches, 80, 80, 300, 0, 20),
        (waves, 100, 60, 50, 0.8, 30),
        (waves, 61, 77, 20, 2, 5),
        (patches, 1, 90, 50, 0.8, 4),
        (patches, 90, 7, 50, 0.8, 4),
    ]:
        # Boxes of patches need sides of at least 9 pixels; cut narrow images out.
        image = make(rng, max(width, 16), max(height, 16))[:height, :width].copy()
        labels = felzenszwalb(image, scale=scale, sigma=sigma, min_size=min_size)
        cases.append(
            {
                "name": f"{make.__name__} {width}x{height}",
                "width": width,
                "height": height,
                "k": scale,
                "sigma": sigma,
                "minSize": min_size,
                "rgb": base64.b64encode(image.tobytes()).decode(),
                "count": int(labels.max()) + 1,
                "labels": run_lengths(labels),
            }
        )
    folder = Path(__file__).parent.parent / "tests/fixtures/proposals"
    folder.mkdir(parents=True, exist_ok=True)
    golden = {"scikit-image": skimage.__version__, "cases": cases}
    (folder / "felzenszwalb.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
