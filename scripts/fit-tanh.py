#!/usr/bin/env python3
"""Fits tanh x = x * p(x^2) / q(x^2) on [0, LIMIT] with the smallest largest relative error (needs numpy and scipy).

For a given error the condition |x p - tanh(x) q| <= error * tanh(x) q is linear in the coefficients: a linear programme
on a Chebyshev grid decides whether it can be met, a bisection finds the smallest error. Prints the error and the
coefficients of Sources/CVectorKernels/Kernels.inc.

  scripts/fit-tanh.py [DEGREE_OF_P DEGREE_OF_Q [LIMIT]]     defaults: 3 4 7.5
"""
import sys
import numpy as np
from scipy.optimize import linprog


def fit(n, d, limit, grid=600):
    k = np.arange(grid)
    x = np.append(limit * 0.5 * (1 - np.cos(np.pi * (k + 0.5) / grid)), 1e-4)
    scale = limit * limit
    u, r = x * x / scale, np.tanh(x) / x
    p, q = np.vander(u, n + 1, increasing=True), np.vander(u, d + 1, increasing=True)[:, 1:]
    low, high, best = 1e-10, 1e-2, None
    while high / low > 1.05:
        error = np.sqrt(low * high)
        above, below = r * (1 + error), r * (1 - error)
        rows = np.vstack([np.hstack([p, -above[:, None] * q]), np.hstack([-p, below[:, None] * q]),
                          np.hstack([np.zeros_like(p), -q])])
        bounds = np.concatenate([above, -below, np.full(len(x), 1 - 1e-3)])
        result = linprog(np.zeros(n + 1 + d), A_ub=rows, b_ub=bounds, bounds=[(None, None)] * (n + 1 + d))
        if result.status == 0:
            high, best = error, result.x
        else:
            low = error
    return high, best[:n + 1] / scale ** np.arange(n + 1), best[n + 1:] / scale ** np.arange(1, d + 1)


n, d = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (3, 4)
error, p, q = fit(n, d, float(sys.argv[3]) if len(sys.argv) > 3 else 7.5)
print("error", error)
print("p", p.tolist())
print("q", [1.0] + q.tolist())
