"""Orders that have happened and are not reported yet: how complete a day's figures are at an age (SCIENCE 2.1).

Called by :mod:`bidder.response.estimate`. The completion F(age) never divides a count: it multiplies the exposure, so
that a young day says less instead of saying something wild.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bidder.snapshot import FloatArray

__all__ = ["complete_by_age"]

MATURE = 14
"""Age in days at which a day is taken as complete."""


def complete_by_age(age: FloatArray, late: Sequence[float]) -> FloatArray:
    """Share of a day's orders that is known at `age` days, any shape; NaN ages count as complete.

    `late` holds F(0), F(1), …; from its last entry F rises in a straight line to 1 at day 14. F never falls with age.
    """
    known = np.maximum.accumulate(np.clip(np.asarray(late, dtype=np.float64), 0.01, 1.0)) if len(late) else np.ones(1)
    ages = np.append(np.arange(len(known), dtype=np.float64), max(MATURE, len(known)))
    whole = np.nan_to_num(np.floor(age + 1e-6), nan=float(ages[-1]))
    return np.asarray(np.interp(whole, ages, np.append(known, 1.0)), dtype=np.float64)
