"""Expected COCO metrics of 1,000 random datasets, by pycocotools.

    python scripts/goldens-eval.py > tests/fixtures/eval/coco-random.json

The datasets are not stored: tests/eval/randomDataset.ts makes the same ones from the
same seeds, with the same integer generator. They are full of what tools get wrong:
equal scores, crowds, photos without objects or detections, classes without objects,
boxes without area, boxes that coincide, areas that differ from width x height, areas
that are missing and ids that are 0. Where the project takes an id 0 or a missing area,
pycocotools is given ids from 1 and area = width x height.

Needs numpy and pycocotools (see scripts/requirements-peers.txt).
"""

import contextlib
import io
import json
import sys

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


def main():
    expected = []
    with contextlib.redirect_stdout(io.StringIO()):
        for seed in range(1000):
            dataset, detections = random_dataset(seed)
            expected.append(evaluate(dataset, detections, limits_of(seed)))
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in expected)
    sys.stdout.write(f"[\n{rows}\n]\n")


if __name__ == "__main__":
    main()
