"""What ensemble-boxes makes of random detections, for tests/detectors/ensemble.test.ts.

    python scripts/goldens-fusion.py > tests/fixtures/detectors/fusion.json

Needs numpy and ensemble-boxes (scripts/requirements-peers.txt). Boxes are in parts of
the photo, as that package wants them.
"""
import json

import numpy as np
from ensemble_boxes import weighted_boxes_fusion

random = np.random.default_rng(7)
cases = []
for models, objects in [(2, 6), (3, 10), (1, 8)]:
    truth = random.uniform(0.1, 0.6, (objects, 2))
    truth = np.concatenate([truth, truth + random.uniform(0.1, 0.3, (objects, 2))], 1)
    labels = random.integers(1, 4, objects)
    lists = []
    for _ in range(models):
        seen = random.random(objects) < 0.8
        boxes = np.repeat(truth[seen], 2, 0)
        boxes = np.clip(boxes + random.normal(0, 0.02, boxes.shape), 0, 1).round(6)
        scores = random.uniform(0.05, 1, len(boxes)).round(6)
        lists.append((boxes, scores, np.repeat(labels[seen], 2)))
    fused = weighted_boxes_fusion(
        [l[0].tolist() for l in lists],
        [l[1].tolist() for l in lists],
        [l[2].tolist() for l in lists],
        iou_thr=0.55,
        skip_box_thr=0.0,
    )
    rows = lambda boxes, scores, ids: [
        [*map(float, box), float(score), int(i)] for box, score, i in zip(boxes, scores, ids)
    ]
    cases.append({"lists": [rows(*l) for l in lists], "fused": rows(*fused)})
print(json.dumps({"cases": cases}))
