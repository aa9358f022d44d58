from __future__ import annotations

import numpy as np
import pytest
from support.plain_season import DAYS, HISTORY, OF_ANOTHER_KIND, TIMES, basis_of, forest_block, plain_chart, scanty_block

from mrv.change.ewma import EwmaMonitor, EwmaRules
from mrv.errors import PlanError, SourceError


def chart(**changes):
    return EwmaMonitor(EwmaRules(**changes), DAYS, HISTORY)


@pytest.mark.parametrize(
    "changes",
    [{}, {"trend": True, "limit": 2.0}, {"harmonics": 3, "trend": True, "weight": 1.0}, {"screen": 2.0, "outlier": 3.0}],
    ids=str,
)
def test_every_pixel_is_that_of_a_plain_reading_of_the_paper(changes):
    one = chart(**changes)
    index = scanty_block()
    found, rules = one.block(index), one.rules
    basis = basis_of(1970 + DAYS / 365.25, HISTORY, rules.harmonics, rules.trend)
    broken = 0
    for row, col in np.ndindex(index.shape[1:]):
        number, process = plain_chart(
            index[:, row, col], basis, HISTORY, minimum=rules.min_history, weight=rules.weight, limit=rules.limit,
            screen=rules.screen, outlier=rules.outlier,
        )  # fmt: skip
        assert found.break_index[row, col] == number
        assert found.break_day[row, col] == (DAYS[number] if number >= 0 else number + 1)
        assert number == -2 or abs(found.process[row, col] - process) <= 1
        broken += number >= 0
    assert 20 < broken < 280


def test_a_gross_outlier_is_no_observation():
    index = np.full((TIMES, 1, 2), 7000, np.int16) + np.random.default_rng(2).integers(-90, 90, (TIMES, 1, 2)).astype(np.int16)
    index[HISTORY + 3, 0, 0] = -5000
    index[HISTORY + 3 :, 0, 1] -= 400
    found = chart().block(index)
    assert found.break_index[0, 0] == -1
    assert HISTORY + 3 <= found.break_index[0, 1] <= HISTORY + 6
    assert found.process[0, 1] < 0


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_do_not_show(threads):
    index = forest_block((TIMES, 31, 33), seed=9, history=HISTORY)
    one, more = chart().block(index), chart().block(index, threads=threads)
    assert all((getattr(one, name) == getattr(more, name)).all() for name in ("break_day", "process", "break_index"))


@pytest.mark.parametrize(
    "changes",
    [{"weight": 0.0}, {"weight": 1.1}, {"limit": 0.0}, {"screen": -1.0}, {"outlier": float("nan")}, {"min_history": 5}],
)
def test_rules_that_cannot_be_followed_are_refused(changes):
    with pytest.raises(PlanError) as refused:
        EwmaRules(**changes)
    assert refused.value.error_code == "change.rules"


@pytest.mark.parametrize("index", OF_ANOTHER_KIND)
def test_blocks_of_another_kind_are_refused(index):
    with pytest.raises(SourceError) as refused:
        chart().block(index)
    assert refused.value.error_code == "change.block"
