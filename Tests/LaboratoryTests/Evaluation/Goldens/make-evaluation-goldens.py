#!/usr/bin/env python3
"""Makes evaluation.json: small cases and what independent implementations say of them.

    pip install scikit-learn numpy; pip install --no-deps TSB-AD
    python Tests/DetectionTests/Goldens/make-evaluation-goldens.py > Tests/DetectionTests/Goldens/evaluation.json

AUC-PR and AUROC: scikit-learn. VUS-PR: TSB-AD's own code (RangeAUC_volume_opt). NDCG: scikit-learn. The event
measures are counted by plain loops below.
"""
import importlib.util, json, math, sys
from pathlib import Path
import numpy as np
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score

# The package's __init__ wants torch and more; the file of the measures alone does not.
origin = importlib.util.find_spec("TSB_AD").submodule_search_locations[0]
spec = importlib.util.spec_from_file_location("measures", Path(origin) / "evaluation" / "basic_metrics.py")
measures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(measures)
grader = measures.basic_metricor()

rng = np.random.default_rng(20)


def vus(labels, scores, window):
    return float(grader.RangeAUC_volume_opt(np.array(labels), np.array(scores), window, 250)[5])


def events(flags):
    found, start = [], None
    for i, f in enumerate(list(flags) + [0]):
        if f and start is None:
            start = i
        if not f and start is not None:
            found.append((start, i))
            start = None
    return found


def case(name, labels, scores, step=60.0):
    labels = [int(x) for x in labels]
    scores = [round(float(x), 6) for x in scores]
    threshold = sorted(scores)[int(0.8 * len(scores))]
    alarms = [int(s > threshold) for s in scores]
    truth, runs = events(labels), events(alarms)
    hits = sum(1 for a, b in zip(labels, alarms) if a and b)
    precision = hits / sum(alarms) if sum(alarms) else None
    found = [(a, b) for a, b in truth if any(alarms[a:b])]
    recall = len(found) / len(truth)
    delays = [alarms[a:b].index(1) * step for a, b in found]
    # point-adjusted F1, every threshold tried
    best = 0.0
    for t in sorted(set(scores)):
        called = [s >= t for s in scores]
        for a, b in truth:
            if any(called[a:b]):
                called[a:b] = [True] * (b - a)
        tp = sum(1 for c, y in zip(called, labels) if c and y)
        best = max(best, 2 * tp / (sum(called) + sum(labels)))
    best_f1 = 0.0
    for t in sorted(set(scores)):
        called = [s >= t for s in scores]
        tp = sum(1 for c, y in zip(called, labels) if c and y)
        best_f1 = max(best_f1, 2 * tp / (sum(called) + sum(labels)))
    return dict(
        name=name, labels="".join(map(str, labels)), scores=scores, threshold=threshold, stepSeconds=step,
        averagePrecision=float(average_precision_score(labels, scores)),
        areaUnderROC=float(roc_auc_score(labels, scores)) if 0 < sum(labels) < len(labels) else None,
        volume100=vus(labels, scores, 100), volume17=vus(labels, scores, 17), volume0=vus(labels, scores, 0),
        pointAdjustedF1=best, bestF1=best_f1,
        alarms=dict(
            eventCount=len(truth), foundEventCount=len(found), alarmCount=len(runs),
            falseAlarmCount=sum(1 for a, b in runs if not any(labels[a:b])),
            samplePrecision=precision, eventRecall=recall,
            eventF1=2 * precision * recall / (precision + recall) if precision and recall else 0.0,
            alarmShare=sum(alarms) / len(alarms),
            meanDelaySeconds=sum(delays) / len(delays) if delays else None,
            falseAlarmsPerDay=sum(1 for a, b in runs if not any(labels[a:b])) / (len(labels) * step / 86400)))


def labels_of(n, ranges):
    y = np.zeros(n, int)
    for a, b in ranges:
        y[a:b] = 1
    return y


cases = []
for k in range(6):
    n = int(rng.integers(300, 700))
    ranges = []
    for _ in range(int(rng.integers(1, 7))):
        a = int(rng.integers(0, n - 1))
        ranges.append((a, min(n, a + int(rng.integers(1, 60)))))
    y = labels_of(n, ranges)
    s = rng.normal(size=n) + y * rng.uniform(0, 2)
    cases.append(case(f"random {k}", y, s))
    cases.append(case(f"random {k}, many ties", y, np.round(s)))
y = labels_of(400, [(0, 20), (60, 61), (65, 80), (180, 200), (390, 400)])
cases.append(case("events at both ends and close together", y, rng.random(400)))
cases.append(case("perfect", y, y + 0.0))
cases.append(case("inverted", y, 1.0 - y))
cases.append(case("all equal", y, np.full(400, 0.5)))
cases.append(case("one event, early peak", labels_of(500, [(200, 300)]), np.exp(-np.abs(np.arange(500) - 190) / 30)))
cases.append(case("fewer samples than thresholds", labels_of(60, [(10, 14), (40, 50)]), rng.random(60)))
cases.append(case("anomalous throughout but one", labels_of(300, [(0, 299)]), rng.random(300)))

causes = []
for k in range(12):
    size = int(rng.integers(6, 39))
    suspicion = rng.permutation(size).astype(float)
    true = sorted(int(x) for x in rng.choice(size, int(rng.integers(1, size)), replace=False))
    ranking = [int(x) for x in np.argsort(-suspicion)]
    relevance = np.array([[1 if i in true else 0 for i in range(size)]])
    causes.append(dict(
        ranking=ranking, causes=true,
        hitRate100=len(set(ranking[:len(true)]) & set(true)) / len(true),
        hitRate150=len(set(ranking[:math.floor(1.5 * len(true))]) & set(true)) / len(true),
        gain5=float(ndcg_score(relevance, suspicion[None, :], k=5))))
json.dump(dict(cases=cases, causes=causes), sys.stdout, separators=(",", ":"))
print()
