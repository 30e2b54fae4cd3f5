"""The peers' side of bench/proposals.mjs.

Reads lines `PEER WIDTH HEIGHT RUNS PATH` (PATH holds raw RGB8) and answers each with a
line of JSON: seconds of processor time of each run, and the boxes of each run as [x1, y1, x2, y2, ...].
A peer that isn't installed answers {"missing": REASON}. One thread.
"""

import json
import sys
import time

import numpy as np


def opencv(mode):
    import cv2

    cv2.setNumThreads(1)
    switch = {
        "single": "switchToSingleStrategy",
        "fast": "switchToSelectiveSearchFast",
        "quality": "switchToSelectiveSearchQuality",
    }[mode]

    def run(rgb):
        bgr = np.ascontiguousarray(rgb[:, :, ::-1])
        start = time.process_time()
        search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
        search.setBaseImage(bgr)
        getattr(search, switch)()
        rects = search.process()
        seconds = time.process_time() - start
        boxes = rects.astype(int)
        boxes[:, 2:] += boxes[:, :2]
        return seconds, boxes.ravel().tolist()

    return run


def skimage_felzenszwalb():
    from skimage.segmentation import felzenszwalb

    def run(rgb):
        start = time.process_time()
        felzenszwalb(rgb, scale=100, sigma=0.8, min_size=50)
        return time.process_time() - start, []

    return run


def selectivesearch():
    # The package has not followed scikit-image and numpy since 2015; give it the names it asks for.
    import skimage.segmentation
    import skimage.util

    original = skimage.segmentation.felzenszwalb
    skimage.segmentation.felzenszwalb = lambda image, scale, sigma, min_size: original(
        image, scale=scale, sigma=sigma, min_size=min_size
    )
    from selectivesearch import selective_search

    def run(rgb):
        start = time.process_time()
        _, regions = selective_search(rgb, scale=100, sigma=0.8, min_size=100)
        seconds = time.process_time() - start
        boxes = {(x, y, x + w + 1, y + h + 1) for x, y, w, h in (r["rect"] for r in regions)}
        return seconds, [v for box in sorted(boxes) for v in box]

    return run


makers = {
    "opencv-single": lambda: opencv("single"),
    "opencv-fast": lambda: opencv("fast"),
    "opencv-quality": lambda: opencv("quality"),
    "skimage": skimage_felzenszwalb,
    "selectivesearch": selectivesearch,
}
loaded = {}

for line in sys.stdin:
    peer, width, height, runs, path = line.rstrip("\n").split(" ", 4)
    try:
        if peer not in loaded:
            loaded[peer] = makers[peer]()
        rgb = np.fromfile(path, np.uint8).reshape(int(height), int(width), 3)
        results = [loaded[peer](rgb) for _ in range(int(runs))]
        answer = {"seconds": [s for s, _ in results], "boxes": [b for _, b in results]}
    except (ImportError, AttributeError) as error:
        answer = {"missing": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
