"""Correlations and clusters that numpy and SciPy give, for tests/detectors/correlation.test.ts.

    python scripts/goldens-correlations.py > tests/fixtures/detectors/correlations.json

Needs numpy and scipy (scripts/requirements-peers.txt).
"""
import json

import numpy as np
import scipy
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

random = np.random.default_rng(7)
samples, units, sources = 60, 24, 6
# Units that share sources; half of them far from zero, where one-pass sums lose their digits.
activity = random.normal(size=(samples, sources)) @ random.normal(size=(sources, units))
activity += random.normal(size=(samples, units))
activity = np.round(activity, 6)
activity[:, ::2] += 1e7
r = np.corrcoef(activity.T)
distance = 1 - r
distance[np.diag_indices(units)] = 0
tree = linkage(squareform(distance, checks=False), "average")
height = 0.6
print(json.dumps({
    "numpy": np.__version__,
    "scipy": scipy.__version__,
    "samples": activity.T.tolist(),
    "correlations": r.tolist(),
    "covariances": np.cov(activity.T, bias=True).tolist(),
    "heights": tree[:, 2].tolist(),
    "sizes": tree[:, 3].astype(int).tolist(),
    "cut": height,
    "labels": fcluster(tree, height, "distance").tolist(),
}))
