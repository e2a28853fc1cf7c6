"""Instances that a network's shape makes awkward, for scripts/check-placement-optima --families: ties everywhere, servers that reach
nobody, accelerators where they help least, hosts that are too few, names that need quoting."""
import numpy as np

FAMILIES = ["chain", "star", "zero", "clusters", "ties", "far", "islands", "one", "few-hosts", "worst-accelerated", "parallel-links"]


def names(random, n):
    return [[f"v{i}" for i in range(n)], [f"edge {i} é\"" for i in range(n)], [f"{n - i}" for i in range(n)],
            ["x" * (i + 1) for i in range(n)]][random.integers(4)]


def training_times(random, n):
    k = np.arange(1, n + 1)
    return [np.full(n, 0.4), 1 / k, 0.2 + 0.05 * k, 0.3 + 0.3 * (k % 2), np.zeros(n), np.round(random.random(n), 1),
            0.165 + 0.95 / k**1.05][random.integers(7)]


def links(family, random, ids):
    """Links of families that are given by them, otherwise None."""
    n = len(ids)
    if family == "chain":
        order = random.permutation(n)
        pairs = [(order[i], order[i + 1], random.choice([0.01, 0.02, 0.1])) for i in range(n - 1)]
    elif family == "star":
        hub = random.integers(n)
        pairs = [(hub, i, random.choice([0, 0.01, 0.05, 0.3])) for i in range(n) if i != hub]
    elif family == "parallel-links":
        pairs = [(a, b, round(0.1 * random.random(), 2)) for a, b in random.integers(0, n, (random.integers(0, 3 * n), 2)) if a != b]
    else:
        return None
    return [{"a": ids[a], "b": ids[b], "latencySeconds": float(seconds)} for a, b, seconds in pairs]


def matrix(family, random, n):
    if family == "zero":
        d = np.zeros((n, n))
    elif family == "clusters":
        cluster = random.integers(0, max(2, n // 3), n)
        d = np.where(cluster[:, None] == cluster[None, :], 0.001, 0.2)
    elif family == "far":
        d = 0.05 * random.random((n, n)) + 0.3 * (random.random((n, n)) < 0.3)
    elif family in ("islands", "worst-accelerated"):
        d = 0.1 * random.random((n, n))
    else:
        d = random.choice([0.1, 0.2, 0.3], (n, n))
    d = np.triu(d, 1)
    rows = (d + d.T).tolist()
    if family == "islands":
        island = random.integers(0, 3, n)
        rows = [[None if island[i] != island[j] else rows[i][j] for j in range(n)] for i in range(n)]
    return rows


def instance(family, random, n):
    n = int(random.integers(1, 4)) if family == "one" else n
    ids = names(random, n)
    made = {"nodes": [{"id": name} for name in ids], "trainingTimeSeconds": [float(x) for x in training_times(random, n)]}
    given = links(family, random, ids)
    if given is None:
        made["latencySeconds"] = matrix(family, random, n)
    else:
        made["links"] = given
    accelerated = random.random(n) < random.choice([0, 0.5, 1])
    hosts = random.random(n) >= random.choice([0, 0, 0.2])
    if family == "worst-accelerated":
        far = np.argsort(-np.array(made["latencySeconds"]).sum(axis=1))
        accelerated = np.isin(np.arange(n), far[: max(1, n // 3)])
    if family == "few-hosts":
        hosts = np.arange(n) < random.integers(0, 4)
    for node, has, may in zip(made["nodes"], accelerated, hosts):
        if has:
            node["accelerator"] = True
        if not may:
            node["canHost"] = False
    rounds = int(random.choice([1, 1, 3, 7, 10]))
    made.update(rounds=rounds, targetSeconds=rounds * float(random.choice([0.21, 0.37, 0.53, 0.71, 1.03, 3])),
                acceleratorLimit=int(random.choice([0, 1, n, n + 5, n // 3])),
                accelerationFactor=float(random.choice([0.5, 0.5, 0.1, 0.9])))
    if random.random() < 0.25:
        made["server"] = ids[random.integers(n)]
    return made
