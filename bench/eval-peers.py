"""A peer's side of bench/eval.mjs: python eval-peers.py PEER ANNOTATIONS DETECTIONS ROUNDS

Prints a line of JSON for each round: seconds to read both files, seconds to evaluate
and accumulate, and the 12 numbers. Exits with 3 when the peer isn't installed.
"""

import contextlib
import io
import json
import sys
import time


def load(peer):
    if peer == "pycocotools":
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    elif peer == "faster-coco-eval":
        from faster_coco_eval import COCO
        from faster_coco_eval import COCOeval_faster as COCOeval
    elif peer == "hotcoco":
        from hotcoco import COCO, COCOeval
    return COCO, COCOeval


def main():
    peer, annotations, detections, rounds = sys.argv[1:]
    try:
        COCO, COCOeval = load(peer)
    except ImportError:
        sys.exit(3)
    for _ in range(int(rounds)):
        with contextlib.redirect_stdout(io.StringIO()):
            start = time.perf_counter()
            truth = COCO(annotations)
            found = (getattr(truth, "loadRes", None) or truth.load_res)(detections)
            read = time.perf_counter()
            run = COCOeval(truth, found, "bbox")
            run.evaluate()
            run.accumulate()
            end = time.perf_counter()
            run.summarize()
        print(
            json.dumps(
                {
                    "read": read - start,
                    "evaluate": end - read,
                    "metrics": [None if v < 0 else float(v) for v in run.stats],
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
