#!/usr/bin/env python3
"""Makes tail.json: held-out scores, a stream that grows and has faults, and the limits that the reference implementation
(scripts/reference-detector.py) of the streaming tail gives after every eleventh sample; and the excess that SciPy's own
maximum-likelihood fit expects to be exceeded once in a hundred peaks.

    python Tests/WatchingTests/Detectors/Goldens/make-tail-goldens.py > Tests/WatchingTests/Detectors/Goldens/tail.json
"""
import importlib.util, json, sys
from pathlib import Path
import numpy as np
from scipy import signal, stats

path = Path(__file__).resolve().parents[4] / "scripts" / "reference-detector.py"
spec = importlib.util.spec_from_file_location("reference", path)
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)

STEP, BUDGET = 600.0, 1.0
rng = np.random.default_rng(5)


def scores(n, growth):
    noise = stats.t.rvs(6, size=n, random_state=rng)
    return np.round(np.abs(signal.lfilter([1], [1, -0.7], noise)) * np.linspace(1, growth, n), 6)


held = scores(3000, 1.0)
stream = scores(9000, 1.6)
stream[2000:2300] += 40
stream[5000:5004] += 25
limit, start = reference.peaks_over_threshold(held, STEP, BUDGET)
tail = reference.Tail(start)
limits, alarms = [], []
for value in stream:
    alarms.append(bool(value > tail.limit))
    tail.update(value, alarms[-1], False)
    limits.append(float(tail.limit))
excesses = np.round(stats.genpareto.rvs(0.2, scale=1.5, size=4000, random_state=rng), 9)
shape, _, scale = stats.genpareto.fit(excesses, floc=0)
nine = lambda a: [float("%.10g" % v) for v in a]
json.dump(dict(
    stepSeconds=STEP, alarmsPerDay=BUDGET, heldOut=nine(held), stream=nine(stream), limit=float(limit),
    limits=nine(limits[::11]), alarms=int(sum(alarms)), excesses=nine(excesses),
    likelihoodExcess=float(stats.genpareto.ppf(0.99, shape, scale=scale))), sys.stdout, separators=(",", ":"))
print()
