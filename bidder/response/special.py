"""Special functions on arrays, so that the core needs numpy and nothing heavier.

Called by the estimating files of this package. Accuracies hold for the arguments that occur there (counts and prior
weights, all positive): absolute error below 1e-9 for the log-gamma function and 1e-8 for its derivatives.
"""

from __future__ import annotations

import math

import numpy as np

from bidder.snapshot import FloatArray

__all__ = ["digamma", "log_gamma", "normal_cdf", "trigamma"]

SHIFT = 6
"""The asymptotic series start at x + 6: below they are carried there by the recurrence."""


def log_gamma(x: FloatArray) -> FloatArray:
    """lnΓ(x) for x > 0 (Stirling's series after a shift)."""
    product = x.copy()
    for step in range(1, SHIFT):
        product *= x + step
    z = x + SHIFT
    inverse = 1.0 / z
    square = inverse * inverse
    series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
    result: FloatArray = (z - 0.5) * np.log(z) - z + 0.5 * math.log(2 * math.pi) + series - np.log(product)
    return result


def digamma(x: FloatArray) -> FloatArray:
    """d lnΓ(x)/dx for x > 0."""
    carried = sum(1.0 / (x + step) for step in range(SHIFT))
    z = x + SHIFT
    square = 1.0 / (z * z)
    series = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square / 240)))
    return np.asarray(np.log(z) - 0.5 / z - series - carried, dtype=np.float64)


def trigamma(x: FloatArray) -> FloatArray:
    """d² lnΓ(x)/dx² for x > 0."""
    carried = sum(1.0 / ((x + step) * (x + step)) for step in range(SHIFT))
    z = x + SHIFT
    inverse = 1.0 / z
    square = inverse * inverse
    series = inverse + 0.5 * square + inverse * square * (1 / 6 - square * (1 / 30 - square * (1 / 42 - square / 30)))
    return np.asarray(series + carried, dtype=np.float64)


def normal_cdf(x: FloatArray) -> FloatArray:
    """Φ(x), element by element: for small tables only."""
    flat = [0.5 * math.erfc(-value / math.sqrt(2)) for value in np.ravel(x).tolist()]
    return np.array(flat, dtype=np.float64).reshape(np.shape(x))
