"""Boundaries of monitoring processes from published critical values (``tables/critical_values.csv``)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from mrv.change.published import table_rows
from mrv.errors import PlanError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F8 = NDArray[np.float64]

_QUANTUM = float(2**32)


@cache
def _table() -> dict[tuple[str, float, int, float], float]:
    return {
        (row["process"], float(row["window"] or 0), int(row["period"] or 0), float(row["level"])): float(row["value"])
        for row in table_rows("critical_values")
    }


def critical_value(process: str, level: float, *, window: float = 0.0, period: int = 0) -> float:
    """The critical value of a process.

    Args:
        process: ``mosum``, ``cusum``, or ``reverse-cusum`` (of recursive residuals, for the history).
        level: Share of undisturbed series that cross the boundary within the period.
        window: Of the moving sum, as a share of the history.
        period: History and monitoring together, as a multiple of the history.

    Raises:
        PlanError: The table has no such value.
    """
    try:
        return _table()[process, window, period, level]
    except KeyError:
        known = sorted({key[1:] for key in _table() if key[0] == process})
        raise PlanError(
            f"there is no critical value of {process} for window {window}, period {period} and level {level}",
            code="change.critical", field="method.change.level",
            hint="window, period and level may be " + ", ".join(str(key) for key in known),
        ) from None  # fmt: skip


def mosum_boundary(critical: float, history: int, ahead: int) -> F8:
    """What |MOSUM| / (σ √n) must exceed: c √(2 log₊(i/n)), log₊ being 1 up to e.

    Args:
        critical: Critical value.
        history: The most observations of a history.
        ahead: The most observations past it.

    Returns:
        (history + 1, ahead + 1): by observations n of the history, and by the observation past it, i − n − 1.

    References:
        Zeileis et al. 2005, J. Appl. Econometrics 20:99–121, Eq. 11.
    """
    grown = _grown(history, ahead)
    return _quantised(critical * np.sqrt(2 * np.where(grown > np.e, np.log(np.maximum(grown, np.e)), 1.0)))


def cusum_boundary(critical: float, history: int, ahead: int) -> F8:
    """What |CUSUM| / (σ √n) must exceed: √(x (x − 1) (c² + ln(x / (x − 1)))) with x = i/n; arguments as for the MOSUM.

    References:
        Chu, Stinchcombe & White 1996, Econometrica 64:1045–1065, Eq. 12; Zeileis et al. 2005, Eq. 10.
    """
    grown = _grown(history, ahead)
    return _quantised(np.sqrt(grown * (grown - 1) * (critical**2 + np.log(grown / (grown - 1)))))


def _grown(history: int, ahead: int) -> F8:
    """All observations over those of the history, i/n; of none as of one."""
    size = np.maximum(np.arange(history + 1, dtype=np.float64), 1.0)[:, None]
    return (size + np.arange(1, ahead + 2, dtype=np.float64)) / size


def _quantised(boundary: F8) -> F8:
    """Rounded to 2⁻³², so that the library's logarithm does not matter."""
    return np.rint(boundary * _QUANTUM) / _QUANTUM
