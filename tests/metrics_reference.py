"""Hold nn/base/metrics against scikit-learn, to 1e-9.

usage: metrics_reference.py FILE      (a line of JSON per score set, as test_metrics.c writes them)
"""
import json
import sys
import warnings

import numpy as np
from sklearn import metrics
from sklearn.calibration import calibration_curve

TOLERANCE = 1e-9
BINS = 15


def from_order(score, label):
    """What needs both classes, and the curve, from the highest score down."""
    fpr, tpr, thresholds = metrics.roc_curve(label, score, drop_intermediate=False)
    gap = 1 - tpr - fpr
    k = np.argmax(gap <= 0)
    share = gap[k - 1] / (gap[k - 1] - gap[k])
    # As written at github.com/SCLBD/DeepfakeBench, training/metrics: no interpolation, the default roc_curve.
    bench_fpr, bench_tpr, _ = metrics.roc_curve(label, score)
    nearest = bench_fpr[np.argmin(np.abs(1 - bench_tpr - bench_fpr))]
    precision, recall, cuts = metrics.precision_recall_curve(label, score)
    figures = {
        "auc": metrics.roc_auc_score(label, score),
        "ap": metrics.average_precision_score(label, score),
        "eer": fpr[k - 1] + share * (fpr[k] - fpr[k - 1]),
        "eer_nearest": nearest,
        "tpr_fpr01": tpr[fpr <= 0.01].max(),
        "tpr_fpr10": tpr[fpr <= 0.1].max(),
    }
    curve = np.stack([thresholds[1:], fpr[1:], tpr[1:]], 1)
    # precision_recall_curve may stop once all forged items are found, and ends with a point of no threshold.
    return figures, curve, np.stack([cuts, recall[:-1], precision[:-1]], 1)[::-1]


def from_probabilities(score, label):
    share, mean = calibration_curve(label, score, n_bins=BINS)
    inside = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], score)
    count = np.array([(inside == b).sum() for b in np.unique(inside)])
    figures = {
        "accuracy": metrics.accuracy_score(label, score >= 0.5),
        "log_loss": metrics.log_loss(label, score, labels=[0, 1]),
        "brier": np.mean((score - label) ** 2),
        "ece": (count * np.abs(share - mean)).sum() / len(score),
    }
    if len(np.unique(label)) == 2:
        assert abs(figures["brier"] - metrics.brier_score_loss(label, score)) < 1e-12
    return figures, np.stack([count, mean, share], 1)


def differences(found):
    """Names of what differs in one set."""
    score, label = np.array(found["items"]).T
    figures, bins = from_probabilities(score, label)
    wrong = [] if np.allclose(found["bins"], bins, rtol=0, atol=TOLERANCE) else ["bins"]
    if len(np.unique(label)) == 2:
        ordered, curve, steps = from_order(score, label)
        figures.update(ordered)
        ours = np.array(found["curve"])
        if ours.shape != (len(curve), 4) or not np.allclose(ours[:, :3], curve, rtol=0, atol=TOLERANCE):
            wrong.append("ROC curve")
        elif not np.allclose(ours[: len(steps), [0, 2, 3]], steps, rtol=0, atol=TOLERANCE):
            wrong.append("precision-recall curve")
        cut = score >= found["threshold_fpr05"]
        best = curve[curve[:, 1] <= 0.05, 2].max(initial=0)
        if cut[label == 0].mean() > 0.05 or abs(cut[label == 1].mean() - best) > TOLERANCE:
            wrong.append("threshold at 5 % false alarms")
    else:
        figures.update(dict.fromkeys(["auc", "ap", "eer", "eer_nearest", "tpr_fpr01", "tpr_fpr10"]))
    for name, value in figures.items():
        ours = found[name]
        if (ours is None) != (value is None) or (value is not None and abs(ours - value) > TOLERANCE):
            wrong.append(f"{name}: {ours}, scikit-learn {value}")
    return wrong


def main(path):
    warnings.simplefilter("ignore")
    with open(path) as f:
        sets = [json.loads(line) for line in f]
    failed = 0
    for i, found in enumerate(sets):
        for difference in differences(found):
            print(f"set {i}: {difference}")
            failed += 1
    print(f"{len(sets)} score sets held against scikit-learn, {failed} differences")
    return 1 if failed or not sets else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
