"""Reference implementation of the method 'default' (docs/detection.md) in NumPy, independent of the Swift code: written
for clarity, all rows at once. Goldens are made with it (Tests/WatchingTests/Detectors/Goldens/make-default-goldens.py)."""
import numpy as np

PARTS = ["level", "rhythm", "mean", "jump", "step", "shift", "relation", "autoencoder", "standstill"]
SHARES = dict(level=1 / 3, rhythm=1 / 3, mean=1 / 3, jump=1, step=1, shift=1, relation=2 / 3, autoencoder=1 / 3)
TOTAL = sum(SHARES.values())
SHARES["standstill"] = 1
LOOK_BACK = dict(jump=1, step=4, shift=30)
MEAN = 8
SETTLING = 60
FORGIVEN = {"level", "rhythm", "mean", "relation", "autoencoder", "standstill"}
TAIL, CAP, CLIP, RIDGE = 0.005, 10.0, 5.0, 0.2
HARMONICS = 8
NOTHING = 1 / 30
HORIZONS = (1, 4, 16)
FOLDS = 4
OWN = 0.368


def trailing_mean(a, w):
    c = np.cumsum(a, axis=0)
    out = c.copy()
    out[w:] -= c[:-w]
    k = np.minimum(np.arange(1, len(a) + 1), w)
    return out / k.reshape((-1,) + (1,) * (a.ndim - 1))


def change(x, w):
    out = np.full_like(x, np.nan)
    out[1:] = x[1:] - trailing_mean(x, w)[:-1]
    out[:min(w, 8)] = np.nan
    return out


def waves(t):
    angle = 2 * np.pi * t / 86400
    return np.stack([f(k * angle) for k in range(1, HARMONICS + 1) for f in (np.sin, np.cos)], axis=1)


def scaled(x, scale):
    return np.clip((x - scale[0]) / scale[1], -CLIP, CLIP)


def amplitudes(x, t, scale, days):
    """What each wave of the day adds to each metric, shrunk as if by one more day without any."""
    a = np.column_stack([waves(t), np.ones(len(t))])
    penalty = np.full(a.shape[1], 0.5 / days)
    penalty[-1] = 1e-9
    found = np.linalg.solve(a.T @ a / len(a) + np.diag(penalty), a.T @ scaled(x, scale) / len(a))
    return found[:-1] * scale[1]


def repeats(x):
    """For how many rows each value has been the same."""
    out = np.zeros_like(x)
    for i in range(1, len(x)):
        out[i] = np.where(x[i] == x[i - 1], out[i - 1] + 1, 0)
    return out


def standstill_range(values):
    """How long metrics may stand still that move in nine rows of ten; the others as long as they like."""
    high = np.where((len(values) >= 300) & ((values > 0).mean(0) <= 0.1), 4 * (values.max(0) + 1) + 8, 1e300)
    same = lambda v: np.full(values.shape[1], float(v))
    return same(-1), same(0), high, same(0.3), same(0.3), same(0)


def views(model, x, t, residuals):
    settled = x - waves(t) @ model["amplitudes"]
    latest = trailing_mean(settled, MEAN)
    latest[:MEAN - 1] = np.nan
    found = dict(level=x, rhythm=settled, mean=latest, autoencoder=residuals, relation=scaled(x, model["scale"]) @ model["matrix"])
    for part, w in LOOK_BACK.items():
        found[part] = change(settled, w)
    found["standstill"] = repeats(x)
    return found


def depth(values, low, middle, floor):
    """How many ranges values below a range are away from its middle: of amounts, those with a floor, by factors."""
    height = lambda v: np.maximum(0, v) + floor
    with np.errstate(all="ignore"):
        factor = np.log(height(middle) / height(values)) / np.log(height(middle) / height(low))
        distance = (middle - values) / (middle - low)
    return np.where(floor > 0, np.maximum(distance, factor), distance)


def normal_range(values, widths, held=None, place=False):
    """Ends, middle, the Hill index of each side, and the floors of amounts: places that are never below zero."""
    values = values[~np.isnan(values).any(1)]
    low, middle, high = np.quantile(values, [TAIL, 0.5, 1 - TAIL], axis=0)
    counted = values
    if held is not None and len(held):
        a, b = np.quantile(held, [TAIL, 1 - TAIL], axis=0)
        low, high, counted = np.minimum(low, a), np.maximum(high, b), held
    low, high = np.minimum(low, middle - widths), np.maximum(high, middle + widths)

    def hill(ratio):
        beyond = ratio > 1
        total = np.log(np.where(beyond, ratio, 1)).sum(0)
        return np.maximum(0.1, (total + 0.3 * 20) / (beyond.sum(0) + 20))

    floor = np.where(place & (low >= 0), NOTHING * middle, 0)
    above, below = hill((counted - middle) / (high - middle)), hill(depth(counted, low, middle, floor))
    return low, middle, high, below, above, floor


def evidence(values, r):
    low, middle, high, below, above, floor = r
    with np.errstate(all="ignore"):
        up = np.log((values - middle) / (high - middle)) / above
        down = np.log(depth(values, low, middle, floor)) / below
    return np.where(values > high, up, np.where(values < low, -down, 0.0))


def coefficients(z):
    inverse = np.linalg.inv(z.T @ z / len(z) + RIDGE * np.eye(z.shape[1]))
    return inverse / np.diag(inverse)


def fit(x, t, residuals, held_from, rows=None, whole=None):
    """A detector of the rows `rows`; what its numbers are scaled by, and what its parts see of training, is that of
    `whole`, the detector of all rows, where that is given."""
    rows = np.ones(len(x), bool) if rows is None else rows
    span = x.max(0) - x.min(0)
    mean = x.mean(0)
    least = np.where(span > 0, 2e-3 * span, np.maximum(1e-2 * np.abs(mean), 1e-3))
    q = np.quantile(x[rows] - mean, [0.001, TAIL, 0.25, 0.5, 0.75, 1 - TAIL, 0.999], axis=0)
    body = q[5] - q[1]
    least = np.where(body > 0, np.minimum(least, np.maximum(0.5 * body, 1e-9 * np.abs(mean + q[3]))), least)
    widths = np.maximum(least, 0.02 * (q[6] - q[0]))
    model = dict(n=len(x), still=(span == 0) & (mean != 0))
    model["scale"] = whole["scale"] if whole else (
        mean + q[3], np.maximum(np.maximum((q[4] - q[2]) / 1.349, (q[5] - q[1]) / 5.15), widths))
    model["matrix"] = coefficients(scaled(x, model["scale"])[rows])
    model["amplitudes"] = amplitudes(x[rows], t[rows], model["scale"], (t[-1] - t[0]) * len(t) / (len(t) - 1) / 86400)
    model["ranges"] = {}
    for part, values in views(whole or model, x, t, residuals).items():
        if part == "standstill":
            model["ranges"][part] = standstill_range(values[rows])
        elif part == "autoencoder":
            late = rows & (np.arange(len(x)) >= held_from)
            model["ranges"][part] = normal_range(values[rows], np.full(x.shape[1], 0.05), held=values[late])
        else:
            least = np.full(x.shape[1], 0.1) if part == "relation" else widths
            model["ranges"][part] = normal_range(values[rows], least, place=part in ("level", "rhythm", "mean"))
    return model


def deviations(model, x, t, residuals):
    """How far each metric deviates, how much it looks like a cause, and how much of the deviation is news: not that it has
    come back to where it normally is, unless it has moved to where it was, nor that of a mean that it is no longer at.
    Beside that, of each part that sees changes, what it adds to the news and the change itself."""
    seen = views(model, x, t, residuals)
    tau = max(200, 0.1 * model["n"])
    deviation, cause, news, changes = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x), {}
    odd = lambda values: np.minimum(CAP, np.abs(evidence(values, model["ranges"]["rhythm"])))
    habits = np.zeros_like(x)
    for part in PARTS:
        signed = evidence(seen[part], model["ranges"][part])
        whole = np.abs(signed)
        e = np.minimum(CAP, whole)
        if part in FORGIVEN:
            habit = np.zeros(x.shape[1])
            for i in range(len(e)):
                now = e[i].copy()
                # What stood still, and rises, is soon where it belongs.
                settles = model["still"] & (signed[i] >= 0)
                e[i] = np.maximum(0, now - np.where(settles, 1, 0.5) * habit)
                habit += (now - habit) / np.where(settles, SETTLING, tau)
                if part == "rhythm":
                    habits[i] = habit
        e *= SHARES[part] / TOTAL
        deviation += e
        if part == "shift":
            before = odd(seen["rhythm"] - seen["shift"])
            returned = (before > odd(seen["rhythm"])) & (before > 2 * habits)
            e, whole = np.where(returned, 0, e), np.where(returned, 0, whole)
        if part == "mean":
            middle = model["ranges"]["mean"][1]
            e = np.where(np.abs(seen["rhythm"] - middle) < np.abs(seen["mean"] - middle), 0, e)
        news += e
        if part in LOOK_BACK:
            cause += whole
            changes[part] = (e, seen[part])
    return deviation, cause + 0.1 * news, news, dict(settled=seen["rhythm"], changes=changes)


def spans(model, x):
    """Where values lie in their normal range, 0 to 1, and in what span of that they were seen so far."""
    low, _, high, _, _, _ = model["ranges"]["level"]
    place = (x - low) / (high - low)
    return place, np.maximum.accumulate(np.maximum(place, 1)) - np.minimum.accumulate(np.minimum(place, 0))


def suspicion(deviation, place, extent, a, b):
    """How much the event of the rows a to b - 1 looks like being about each metric."""
    whole, onset = deviation.sum(1), a
    limit = 0.25 * whole[a:b].max()
    while 0 < limit <= whole[onset] and onset > max(0, a - 30) and whole[onset - 1] >= limit:
        onset -= 1
    before = place[max(0, a - 60):onset]
    low, high = np.quantile(before, [0.02, 0.98], axis=0) if len(before) else (0, 1)
    far = np.maximum(0, np.maximum(place[onset:b] - high, low - place[onset:b])).max(0) / extent[b - 1]
    return sum(v / v.sum() if v.sum() > 0 else v for v in (deviation[a:b].sum(0), far))


def combined(deviation):
    return deviation.mean(1) + deviation.max(1) / np.sqrt(deviation.shape[1])


def score(deviation):
    s = combined(deviation)
    return np.mean([trailing_mean(s, w) for w in HORIZONS], axis=0)


def held_out(model, x, t, residuals, held_from):
    """The combined news of each row by a detector that did not learn from its block, and a share of that by the one
    that did."""
    out = np.zeros(len(x))
    for k in range(FOLDS):
        a, b = k * len(x) // FOLDS, (k + 1) * len(x) // FOLDS
        rows = np.ones(len(x), bool)
        rows[a:b] = False
        other = fit(x, t, residuals, held_from, rows, model)
        out[a:b] = combined(deviations(other, x[:b], t[:b], residuals[:b])[2])[a:b]
    return (1 - OWN) * out + OWN * combined(deviations(model, x, t, residuals)[2])


def pareto(excesses):
    """Shape and scale of excesses by probability-weighted moments; None without one."""
    x = np.sort([v for v in excesses if v > 0])
    n = len(x)
    if n == 0:
        return None
    mean = x.mean()
    if n < 5:
        return 0.0, mean
    weighted = (x * (n - 1 - np.arange(n)) / (n - 1)).mean()
    gap = mean - 2 * weighted
    if gap <= 1e-12 * mean:
        return 0.0, mean
    return float(np.clip(2 - mean / gap, -0.5, 0.5)), 2 * mean * weighted / gap


def excess(shape, scale, p):
    return scale / shape * (p ** -shape - 1) if abs(shape) > 1e-6 else -scale * np.log(p)


GAP = 10


def expected(allowed, count, fewest=2):
    """Peaks that may exceed the limit: as the budget allows, but two of a part that is nothing beside the time for one;
    fewer where there are fewer than eight peaks."""
    return allowed if allowed >= 1 else min(fewest + (1 - fewest) * allowed, (2 - allowed) * min(1, count / 8) ** 2)


def peaks_over_threshold(scores, step, budget, fewest=2):
    """The limit, and what a stream goes on with: peaks over the 98 % quantile, the tail shrunk, the rate cautious."""
    initial = float(np.quantile(scores, 0.98))
    heights, starts, last = [], [], -10**9
    for i in np.flatnonzero(scores > initial):
        if i - last > GAP + 1:
            heights.append(scores[i])
            starts.append(int(i))
        heights[-1] = max(heights[-1], scores[i])
        last = i
    excesses = [float(h - initial) for h in heights]
    days, limit = len(scores) * step / 86400, initial
    if excesses:
        count = len(excesses)
        shape = (pareto(excesses)[0] * count + 0.1 * 20) / (count + 20)
        p = expected(budget * days, count, fewest) / (count + 3 * min(1, budget * days) * np.sqrt(count))
        if p < 1:
            limit = initial + excess(shape, np.mean(excesses) * (1 - shape), p)
    start = dict(u=initial, pk=excesses, wait=list(np.diff([0] + starts)),
                 rest=len(scores) - (starts[-1] if starts else 0), f=pareto(excesses), q=budget * step / 86400,
                 limit=float(limit))
    return float(limit), start


def without_drift(scores, limit, tau):
    drift, settled = 0.0, np.empty(len(scores))
    for i, s in enumerate(scores):
        settled[i] = s - drift
        drift += (min(s, limit) - drift) / tau
    return settled


def threshold(scores, step, budget, tau):
    """The limit for scores above their drift, which depends on the limit."""
    limit = np.quantile(scores, 0.99)
    for _ in range(3):
        limit, _ = peaks_over_threshold(without_drift(scores, limit, tau), step, budget)
    return limit


def lasting(scores, limit, tau):
    """What is there in row after row: the mean over sixteen rows, and no more than the latest shows."""
    fresh = without_drift(without_drift(scores, limit, tau), limit, 128)
    return np.minimum(trailing_mean(fresh, 16) * np.minimum(1, np.arange(1, len(fresh) + 1) / 16), fresh)


def lasting_threshold(scores, limit, step, budget, tau):
    """Its limit, for a tenth of the budget beside that of single rows."""
    found, _ = peaks_over_threshold(lasting(scores, limit, tau), step, 0.1 * budget, fewest=1)
    return max(found, limit / 8)


POOL, COUNTED, QUARANTINE = (50, 512), 2.0, 480


class Tail:
    """Peaks over threshold in a stream: the limit for the next sample"""
    def __init__(self, start):
        self.__dict__.update(start); self.floor = self.limit; self.size = min(max(len(self.pk), POOL[0]), POOL[1])
        self.pk, self.wait = self.pk[-POOL[1]:], self.wait[-POOL[1]:]; self.hold = int(min(QUARANTINE, 0.25/self.q))
        self.clock = self.left = 0; self.alarms = []; self.open = None
    def update(self, v, alarm, other):
        learning = self.left <= 0
        if v > self.u:
            if self.open is None: self.open = dict(top=v, lim=self.limit-self.u, hot=False, skip=not learning)
            self.open['top'] = max(self.open['top'], v); self.open['quiet'] = 0
        elif self.open:
            self.open['quiet'] += 1
            if self.open['quiet'] > GAP:
                done, self.open = self.open, None
                if not done['skip']: self.fit(done)
        if self.open: self.open['hot'] |= alarm; self.open['skip'] |= other
        if alarm or other: self.left = self.hold; return
        self.left = max(0, self.left-1)
        if learning and not (self.open and (self.open['hot'] or self.open['skip'])): self.rest += 1; self.clock += 1
    def fit(self, done):
        if done['hot']: self.alarms = (self.alarms+[(self.clock, done['lim'])])[-self.size:]
        else:
            self.pk = (self.pk+[done['top']-self.u])[-self.size:]; self.wait = (self.wait+[self.rest])[-self.size:]; self.rest = 0
        n = sum(self.wait)+self.rest; self.alarms = [a for a in self.alarms if a[0] > self.clock-n]
        k = int(min(len(self.alarms), COUNTED*self.q*n)+0.5); g, s = self.f or (0.0, 0.0)
        f = pareto(self.pk+[a+max(0.0, s+g*a)/(1-g) for _, a in (self.alarms[-k:] if k else [])])
        if f is None: return
        r = expected(self.q*n, len(self.pk)+k)/(len(self.pk)+k); self.f = f
        self.limit = min(max(self.floor, (self.u+(0.0 if r >= 1 else excess(*f, r)))), self.floor+abs(self.floor))


REACH, LONGEST, ONSET, TOLERANCE = 240, 480, 30, 1.5


def alarms(model, held, x, t, residuals, step, budget):
    """Whether each row of a stream is in alarm: by itself, or by what lasts. Changes that lead back to where a metric was before
    an alarm are no news while it stands and within 240 rows after it, nor then those that are no larger than it went."""
    tau = max(200, 0.1 * model["n"])
    level = threshold(held, step, budget, tau)
    _, start = peaks_over_threshold(without_drift(held, level, tau), step, budget)
    least = lasting_threshold(held, level, step, budget, tau)
    _, _, news, seen = deviations(model, x, t, residuals)
    evidences = [e for e, _ in seen["changes"].values()]
    changes = [np.nan_to_num(c) for _, c in seen["changes"].values()]
    settled, tail, drift, slow, fresh = seen["settled"], Tail(start), 0.0, 0.0, []
    found, last, began, past = np.zeros(len(x), bool), -10**9, -10**9, "none"
    for i in range(len(x)):
        if past == "began":
            before = settled[max(0, i - 30):i].mean(0)
            first = max(0, (i - 1) // ONSET * ONSET - ONSET)  # by blocks of thirty rows, the latest of which may be short
        shown = news[i].copy()
        if past != "none":
            for e, change in zip(evidences, changes):
                now, c = settled[i] - before, change[i]
                up, down = np.maximum(0, change[first:i].max(0)), np.maximum(0, -change[first:i].min(0))
                back = abs(now) < abs(now - c)
                if past == "over":
                    back |= abs(c) <= TOLERANCE * np.where(c > 0, down, up)
                shown -= np.where(back, e[i], 0)
        whole = combined(np.maximum(0, shown)[None])[0]
        now, drift = whole - drift, drift + (min(whole, level) - drift) / tau
        fresh.append(now - slow)
        slow += (min(now, level) - slow) / 128
        lasts = min(sum(fresh[-16:]) / 16, fresh[-1]) > least * tail.limit / level
        alone = now > tail.limit
        found[i] = alone or lasts
        tail.update(now, alone, lasts and not alone)
        if found[i]:
            past = "standing"
            if i - last > REACH or (i - last > GAP and i - began > LONGEST):
                past, began = "began", i
            last = i
        else:
            past = "none" if i + 1 - last > REACH else "standing" if i + 1 - last <= GAP else "over"
    return found
