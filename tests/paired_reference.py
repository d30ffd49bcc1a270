"""Hold eval --compare against an independent bootstrap: numpy draws, scikit-learn's AUC.

usage: paired_reference.py FOLDER BASE SYSTEM SEEDS      (FOLDER holds BASE-s1.., SYSTEM-s1.., comparison.csv)
"""
import csv
import sys

import numpy as np
from sklearn.metrics import roc_auc_score

FACTOR = {1: 12.7062, 2: 4.30265, 3: 3.18245}  # t of 95 %, by degrees of freedom
RESAMPLES = 200


def rows(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def main(folder, base, system, seeds):
    runs = {
        (name, s): [r for r in rows(f"{folder}/{name}-s{s}/eval/scores.csv") if r["method"] in ("real", "warp")]
        for name in (base, system)
        for s in range(1, seeds + 1)
    }
    found = next(
        r
        for r in rows(f"{folder}/comparison.csv")
        if r["configuration"] == system and r["method"] == "warp" and r["figure"] == "auc"
    )

    def difference(s, counts):
        auc = {}
        for name in (base, system):
            run = runs[name, s]
            weight = [counts.get(r["group"], 0) for r in run]
            auc[name] = roc_auc_score(
                [int(r["label"]) for r in run], [float(r["score"]) for r in run], sample_weight=weight
            )
        return auc[system] - auc[base]

    groups = sorted({r["group"] for run in runs.values() for r in run})
    once = {g: 1 for g in groups}
    d = np.array([difference(s, once) for s in range(1, seeds + 1)])
    rng = np.random.default_rng(1)
    drawn = np.empty((RESAMPLES, seeds))
    for b in range(RESAMPLES):
        names, times = np.unique(rng.choice(groups, len(groups)), return_counts=True)
        counts = dict(zip(names, times))
        drawn[b] = [difference(s, counts) for s in range(1, seeds + 1)]

    by_seeds = d.var(ddof=1) / seeds
    covariance = np.cov(drawn.T)
    shared = max(0.0, (covariance.sum() - covariance.trace()) / (seeds * (seeds - 1)))
    images = drawn.mean(1).var(ddof=1)
    # Bounds on the half width: the degrees of freedom lie between those of the seeds and those of the images.
    least = max(1.96 * np.sqrt(by_seeds + shared), 1.96 * np.sqrt(images))
    most = max(FACTOR[seeds - 1] * np.sqrt(by_seeds + shared), 2.1 * np.sqrt(images))
    half = (float(found["hi"]) - float(found["lo"])) / 2
    print(f"difference {d.mean():.6f}, reported {found['difference']}; half width {half:.4f} of {least:.4f} to {most:.4f}")
    return abs(d.mean() - float(found["difference"])) < 2e-6 and 0.85 * least <= half <= 1.15 * most


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])) else 1)
