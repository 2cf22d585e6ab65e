"""How good an answer is, by arithmetic that knows no solver.

For any row prices y, Lagrange's bound L(y) = Σ width·max(0, value − Aᵀy) + Σ upper·y⁺ − Σ lower·y⁻ is at least the
optimum (weak duality), so an answer that reaches it is optimal, whoever found it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.optimizer.program import Program
from bidder.snapshot import FloatArray

__all__ = ["Proof", "farkas", "prove"]


LITTLE = 1e-2
"""Where the limits leave next to nothing to gain, the gap is measured against this part of what all columns hold."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was reached, what cannot be passed, their relative difference, and the worst broken bound.

    `violation` is relative to the largest value that its row could take (a column's: to its width).
    """

    objective: float
    bound: float
    gap: float
    violation: float

    @property
    def holds(self) -> bool:
        """Feasible within 1e-7 and optimal within 1e-6, as `lp_bench.py check` asks."""
        return abs(self.gap) <= 1e-6 and self.violation <= 1e-7


def prove(program: Program, amounts: FloatArray, prices: FloatArray) -> Proof:
    """Measure an answer: amounts (c,), prices (m,). Anything that is not finite proves nothing (gap inf)."""
    if not (np.isfinite(amounts).all() and np.isfinite(prices).all()):
        return Proof(float("nan"), float("inf"), float("inf"), float("inf"))
    activity = program.activity(amounts)
    scale = np.maximum(reach(program), 1e-300)
    broken = [0.0]
    if program.rows:
        broken += [float(np.max((activity - program.upper) / scale)), float(np.max((program.lower - activity) / scale))]
    if program.columns:
        width = np.maximum(program.width, 1e-300)
        broken += [float(np.max((amounts - program.width) / width)), float(np.max(-amounts / width))]
    objective = _dot(program.value, amounts)
    bound = dual_bound(program, prices)
    size = max(abs(bound), LITTLE * _dot(np.abs(program.value), program.width), 1e-300)
    return Proof(objective, bound, (bound - objective) / size, max(broken))


def dual_bound(program: Program, prices: FloatArray) -> float:
    """L(prices); +inf where a price stands on an open side."""
    up, down = np.maximum(prices, 0.0), np.maximum(-prices, 0.0)
    if np.any((up > 0.0) & np.isinf(program.upper)) or np.any((down > 0.0) & np.isinf(program.lower)):
        return float("inf")
    margin = np.maximum(program.value - program.charge(prices), 0.0)
    rows = up[up > 0.0] @ program.upper[up > 0.0] - down[down > 0.0] @ program.lower[down > 0.0]
    return _dot(program.width, margin) + float(rows)


def _dot(first: FloatArray, second: FloatArray) -> float:
    """Their product without BLAS: the same bits however many threads."""
    return float(np.einsum("i,i", first, second))


def farkas(program: Program, prices: FloatArray) -> float:
    """How clearly the prices prove that no amounts keep all rows: positive is a proof (Farkas 1902).

    With all values 0 the bound L(prices) is at least 0 whenever something feasible exists. The result is −L / Σ of
    |prices| times what their rows can reach, so that rounding cannot pass for a proof.
    """
    worthless = Program(
        np.zeros(program.columns),
        program.width,
        program.pattern,
        program.weights,
        program.bends,
        program.bend,
        program.lower,
        program.upper,
    )
    size = float(np.abs(prices) @ reach(program))
    return -dual_bound(worthless, prices) / size if size > 0.0 else 0.0


def reach(program: Program) -> FloatArray:
    """Σ |A|·width of every row: the largest value it could take."""
    reach = np.zeros(program.rows)
    weights = np.abs(program.weights)
    for which in range(len(program.bends) + 1):
        rows = program.bend == which
        if rows.any():
            used = program.width if which == 0 else program.width * np.abs(program.bends[which - 1])
            reach[rows] = weights[rows] @ np.bincount(program.pattern, used, weights.shape[1])
    return reach
