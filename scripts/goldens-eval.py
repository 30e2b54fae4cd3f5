"""Expected numbers of 1,000 random datasets, by the reference tools.

    python scripts/goldens-eval.py coco > tests/fixtures/eval/coco-random.json
    python scripts/goldens-eval.py lvis > tests/fixtures/eval/lvis-random.json
    python scripts/goldens-eval.py tide > tests/fixtures/eval/tide-random.json

The datasets are not stored: tests/eval/randomDataset.ts makes the same ones from the
same seeds, with the same integer generator. They are full of what tools get wrong:
equal scores, crowds, photos without objects or detections, classes without objects,
boxes without area, boxes that coincide, areas that differ from width x height, areas
that are missing and ids that are 0. Where the project takes an id 0 or a missing area,
the peers are given ids from 1 and area = width x height.

Needs numpy and pycocotools; lvis for `lvis`, tidecv for `tide` (see
scripts/requirements-peers.txt).
"""

import contextlib
import io
import json
import logging
import os
import sys
import tempfile

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


class Random:
    """xorshift32; the twin is in tests/eval/randomDataset.ts."""

    def __init__(self, seed):
        self.state = (seed * 2654435761 + 1) & 0xFFFFFFFF or 1

    def below(self, n):
        x = self.state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self.state = x
        return x % n


def random_box(r):
    size = 12 if r.below(3) == 0 else 120
    x = r.below(200) / 2
    y = r.below(200) / 2
    width = 0 if r.below(25) == 0 else (1 + r.below(2 * size)) / 2
    height = 0 if r.below(25) == 0 else (1 + r.below(2 * size)) / 2
    return [x, y, width, height]


def near_box(r, box):
    return [
        box[0] + (r.below(9) - 4) / 2,
        box[1] + (r.below(9) - 4) / 2,
        max(0, box[2] + (r.below(9) - 4) / 2),
        max(0, box[3] + (r.below(9) - 4) / 2),
    ]


def random_dataset(seed):
    r = Random(seed)
    images = 1 + r.below(6)
    classes = 1 + r.below(4)
    crowded = r.below(10) == 0  # more than 100 detections of a class in a photo
    annotations, detections = [], []
    for image in range(images):
        objects = [] if r.below(6) == 0 else range(r.below(8))
        boxes = []
        for _ in objects:
            box = near_box(r, boxes[-1]) if boxes and r.below(5) == 0 else random_box(r)
            boxes.append(box)
            annotation = {
                "id": len(annotations),
                "image_id": image,
                "category_id": r.below(classes),
                "bbox": box,
            }
            area = r.below(4)
            if area == 0:
                annotation["area"] = box[2] * box[3] / 2
            elif area == 1:
                annotation["area"] = [1024, 9216, 0, 1e5][r.below(4)]
            elif area == 2:
                annotation["area"] = box[2] * box[3]
            crowd = r.below(7)
            if crowd == 0:
                annotation["iscrowd"] = 1
            elif crowd < 5:
                annotation["iscrowd"] = 0
            annotations.append(annotation)
        count = 0 if r.below(8) == 0 else r.below(160 if crowded else 16)
        for _ in range(count):
            kind = r.below(4)
            if boxes and kind == 0:
                box = boxes[r.below(len(boxes))]
            elif boxes and kind < 3:
                box = near_box(r, boxes[r.below(len(boxes))])
            else:
                box = random_box(r)
            detections.append(
                {
                    "image_id": image,
                    "category_id": r.below(classes),
                    "bbox": box,
                    "score": r.below(9) / 8 if r.below(2) == 0 else r.below(1000003) / 1000003,
                }
            )
    return {
        "images": [{"id": image} for image in range(images)],
        "categories": [{"id": c, "name": f"class {c}"} for c in range(classes)],
        "annotations": annotations,
    }, detections


def limits_of(seed):
    return [[1, 10, 100], [1, 10, 100], [1, 3, 7], [2, 50, 1000]][seed % 4]


def evaluate(dataset, detections, limits):
    truth, found = COCO(), COCO()
    truth.dataset = dict(
        dataset,
        annotations=[
            {
                "area": a["bbox"][2] * a["bbox"][3],
                "iscrowd": 0,
                **a,
                "id": a["id"] + 1,
            }
            for a in dataset["annotations"]
        ],
    )
    truth.createIndex()
    found.dataset = dict(
        dataset,
        annotations=[
            dict(d, id=i + 1, area=d["bbox"][2] * d["bbox"][3], iscrowd=0)
            for i, d in enumerate(detections)
        ],
    )
    found.createIndex()
    run = COCOeval(truth, found, "bbox")
    run.params.maxDets = limits
    run.evaluate()
    run.accumulate()
    precision, recall = run.eval["precision"], run.eval["recall"]

    def mean(values):
        values = values[values > -1]
        return None if values.size == 0 else float(np.mean(values))

    # The 12 numbers from the arrays: pycocotools' own summary asks for 100 detections.
    result = [
        mean(precision[:, :, :, 0, 2]),
        mean(precision[0, :, :, 0, 2]),
        mean(precision[5, :, :, 0, 2]),
        *(mean(precision[:, :, :, a, 2]) for a in (1, 2, 3)),
        *(mean(recall[:, :, 0, m]) for m in (0, 1, 2)),
        *(mean(recall[:, :, a, 2]) for a in (1, 2, 3)),
    ]
    if limits == [1, 10, 100]:
        run.summarize()
        assert [-1 if v is None else v for v in result] == list(run.stats)
    return result


def lvis_dataset(seed):
    """What a federated dataset knows of photos and classes."""
    dataset, detections = random_dataset(seed)
    r = Random(seed + 100000)
    classes = [c["id"] for c in dataset["categories"]]
    for image in dataset["images"]:
        image["neg_category_ids"] = [c for c in classes if r.below(3) == 0]
        image["not_exhaustive_category_ids"] = [c for c in classes if r.below(4) == 0]
    for category in dataset["categories"]:
        category["frequency"] = "rcf"[r.below(3)]
    return dataset, detections


def evaluate_lvis(seed):
    np.float = float  # lvis 0.5.3 was written for numpy before 1.24
    from lvis import LVIS, LVISEval, LVISResults

    logging.disable()

    dataset, detections = lvis_dataset(seed)
    if not detections:
        return None  # LVISResults takes no empty list
    for annotation in dataset["annotations"]:
        annotation["id"] += 1
        annotation["ignore"] = annotation.pop("iscrowd", 0)
        x, y, width, height = annotation["bbox"]
        annotation.setdefault("area", width * height)
        annotation["segmentation"] = []
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(dataset, file)
    truth = LVIS(file.name)
    os.unlink(file.name)
    found = LVISResults(truth, detections, max_dets=300 if seed % 2 == 0 else 5)
    run = LVISEval(truth, found, "bbox")
    run.run()
    return [None if v < 0 else float(v) for v in run.get_results().values()]


def tide_dataset(seed):
    """No crowds, no equal scores, and only detections of classes that have objects."""
    dataset, detections = random_dataset(seed)
    dataset["annotations"] = [
        a for a in dataset["annotations"] if a.get("iscrowd", 0) == 0
    ]
    classes = {a["category_id"] for a in dataset["annotations"]}
    detections = [
        dict(d, score=d["score"] / 2 + (i + 1) / 100000)
        for i, d in enumerate(detections)
        if d["category_id"] in classes
    ]
    return dataset, detections


def evaluate_tide(seed):
    """AP, then the gain in AP and the count of every type of error, then FP and FN."""
    from tidecv import TIDE, Data

    dataset, detections = tide_dataset(seed)
    truth, found = Data("truth"), Data("found")
    for category in dataset["categories"]:
        truth.add_class(category["id"], category["name"])
    for image in dataset["images"]:
        truth.add_image(image["id"], str(image["id"]))
        found.add_image(image["id"], str(image["id"]))
    for a in dataset["annotations"]:
        truth.add_ground_truth(a["image_id"], a["category_id"], a["bbox"])
    for d in detections:
        found.add_detection(d["image_id"], d["category_id"], d["score"], d["bbox"])
    if not dataset["annotations"]:
        return None
    run = TIDE().evaluate(truth, found, mode=TIDE.BOX)
    try:
        gains = run.fix_main_errors()
    except ZeroDivisionError:
        return None  # nothing is left after a fix, which tidecv can't average
    counts = run.count_errors()
    special = run.fix_special_errors()
    return [
        run.ap / 100,
        *(gains[t] / 100 for t in TIDE._error_types),
        *(counts[t] for t in TIDE._error_types),
        *(special[t] / 100 for t in TIDE._special_error_types),
    ]


def main():
    golden = {
        "coco": lambda seed: evaluate(*random_dataset(seed), limits_of(seed)),
        "lvis": evaluate_lvis,
        "tide": evaluate_tide,
    }[sys.argv[1]]
    seeds = {"coco": 1000, "lvis": 400, "tide": 400}[sys.argv[1]]
    with contextlib.redirect_stdout(io.StringIO()):
        expected = [golden(seed) for seed in range(seeds)]
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in expected)
    sys.stdout.write(f"[\n{rows}\n]\n")


if __name__ == "__main__":
    main()
