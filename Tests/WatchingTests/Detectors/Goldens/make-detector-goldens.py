import Numerics

#!/usr/bin/env python3
"""Makes detectors.json: tails drawn by SciPy and fitted by NumPy and simple detectors computed by NumPy on a small table.

    python Tests/DetectionTests/Goldens/make-detector-goldens.py > Tests/DetectionTests/Goldens/detectors.json
"""
import json, sys
import numpy as np
from scipy import stats

rng = np.random.default_rng(7)
tails = []
for shape in (-0.3, 0.0, 0.2, 0.4):
    x = np.round(stats.genpareto.rvs(shape, scale=2.5, size=300, random_state=rng), 9)
    # probability-weighted moments, Hosking and Wallis 1987
    y = np.sort(x)
    b0 = y.mean()
    b1 = np.mean(y * (len(y) - 1 - np.arange(len(y))) / (len(y) - 1))
    gamma = np.clip(2 - b0 / (b0 - 2 * b1), -0.5, 0.5)
    tails.append(dict(excesses=[float(v) for v in x], shape=float(gamma), scale=float(2 * b0 * b1 / (b0 - 2 * b1))))

n, width = 120, 5
train = np.round(rng.normal(size=(n, width)) @ rng.normal(size=(width, width)) + np.arange(width), 6)
train[:, 4] = 3.0
test = np.round(rng.normal(size=(20, width)) @ rng.normal(size=(width, width)) * 2 + np.arange(width), 6)
test[:10, 4] = 3.0
test[10:, 4] = 3.002


def floor(centre):
    spread = train.max(0) - train.min(0)
    return np.where(spread > 0, 1e-3 * spread, np.maximum(1e-3 * np.abs(centre), 1e-6))


def ranged(low, high, width, cap):
    return np.minimum(np.maximum(0, np.maximum(low - test, test - high)) / width, cap)


mean = train.mean(0)
sd = np.maximum(train.std(0), floor(mean))
lo, med, hi = np.quantile(train, [0.25, 0.5, 0.75], axis=0)
ql, qm, qh = np.quantile(train, [0.005, 0.5, 0.995], axis=0)
spread = train.max(0) - train.min(0)
z = (train - mean) / sd
values, vectors = np.linalg.eigh(z.T @ z / n)
kept = vectors[:, ::-1][:, :2]
zt = (test - mean) / sd
json.dump(dict(
    tails=tails, train=train.ravel().tolist(), test=test.ravel().tolist(), metrics=width,
    zScore=np.minimum(np.abs(zt), 100).ravel().tolist(),
    robust=np.minimum(np.abs(test - med) / np.maximum((hi - lo) / 1.349, floor(med)), 100).ravel().tolist(),
    range=ranged(train.min(0), train.max(0), np.where(spread > 0, spread, floor(mean)), 100).ravel().tolist(),
    quantileRange=np.sqrt(ranged(ql, qh, np.maximum(qh - ql, floor(qm)), 5)).ravel().tolist(),
    principal=((zt - zt @ kept @ kept.T) ** 2).ravel().tolist()), sys.stdout, separators=(",", ":"))
print()
