#!/usr/bin/env python3
"""Makes default.json: a small table with a daily pattern, a few faults, and what the reference implementation of the
shipped detector (scripts/reference-detector.py) says of it.

    python Tests/WatchingTests/Detectors/Goldens/make-default-goldens.py > Tests/WatchingTests/Detectors/Goldens/default.json
"""
import importlib.util, json, sys
from pathlib import Path
import numpy as np

path = Path(__file__).resolve().parents[4] / "scripts" / "reference-detector.py"
spec = importlib.util.spec_from_file_location("reference", path)
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)

rng = np.random.default_rng(31)
STEP = 120.0


def wander(n):
    """Goes far, and slowly."""
    steps, x = 0.1 * rng.normal(size=n), np.zeros(n)
    for i in range(1, n):
        x[i] = 0.99 * x[i - 1] + steps[i]
    return x


def table(n, start):
    t = start + STEP * np.arange(n)
    load = np.sin(2 * np.pi * t / 86400) + 0.2 * rng.normal(size=n)
    x = np.stack([2 * load + 0.1 * rng.normal(size=n), 50 - 5 * load + 0.5 * rng.normal(size=n),
                  np.exp(0.3 * rng.normal(size=n)), np.full(n, 7.0), wander(n)], axis=1)
    return np.round(x, 4), t


x, t = table(2400, 40_000.0)
y, u = table(700, 40_000.0 + STEP * 2400)
y[150:190, 1] += 12
y[300:330, 0] = y[300, 0]
y[420:423, 2] += 900
# Its way back is no alarm, the same again soon after is none either, and three times as much is.
y[220:285, 4] += 1
y[310:340, 4] += 1
y[380:384, 4] += 3
y[500:560, 3] = 7.5
y[600:, 2] += 0.8
# An amount that goes to next to nothing, which is no farther than it goes up every day.
y[660:680, 2] = 0.05
residuals = np.round(0.1 * rng.normal(size=x.shape), 3)
residuals[1500:1510] *= 4
late = np.round(0.12 * rng.normal(size=y.shape), 3)
late[150:190] *= 6
# Residuals are single precision in the product.
residuals, late = (a.astype(np.float32).astype(float) for a in (residuals, late))
HELD = 2160
model = reference.fit(x, t, residuals, HELD)
deviation, cause, _, _ = reference.deviations(model, y, u, late)
held, tau = reference.held_out(model, x, t, residuals, HELD), max(200, 0.1 * len(x))
level = reference.threshold(held, STEP, 1, tau)
lasting = reference.lasting_threshold(held, level, STEP, 1, tau)
place, extent = reference.spans(model, y)
EVENTS = [(0, 2), (12, 40), (150, 190), (155, 190), (305, 330), (420, 423), (500, 560), (600, 700)]
nine = lambda a: [float("%.10g" % v) for v in np.asarray(a).ravel()]
json.dump(dict(
    step=STEP, start=40_000.0, metrics=5, heldOutStart=HELD, train=x.ravel().tolist(), test=y.ravel().tolist(),
    trainResiduals=residuals.ravel().tolist(), testResiduals=late.ravel().tolist(), level=float(level), lasting=float(lasting),
    alarms=np.flatnonzero(reference.alarms(model, held, y, u, late, STEP, 1)).tolist(),
    score=nine(reference.score(deviation)), deviations=nine(deviation[::7]), causes=nine(cause[::7]),
    places=nine(place[::7]), extents=nine(extent[::7]), events=EVENTS,
    suspicion=nine([reference.suspicion(deviation, place, extent, a, b) for a, b in EVENTS])),
    sys.stdout, separators=(",", ":"))
print()
