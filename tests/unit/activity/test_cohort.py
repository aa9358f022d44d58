from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made_sample import CLASSES, NAMES, YEARS, label, made_sample

from mrv.activity.cohort import GAIN, START, cohort_hits, fate, joint_hits, period_class, unit_events
from mrv.activity.reference import parse_reference
from mrv.carbon.pools import LOSS, STANDING, degradation_of, loss_after

MADE = made_sample()
F, N, M, S = "forest", "non-forest", "degraded:moderate", "degraded:severe"
YEARS4 = (2017, 2018, 2019, 2020)


def read(data):
    return parse_reference(data, frame=MADE.frame, drawn=MADE.drawn)


@pytest.mark.parametrize(
    ("roles", "found", "end"),
    [
        ((F, F, F, F), {(START, 2017), (STANDING, 2018), (STANDING, 2019), (STANDING, 2020)}, "forest"),
        ((F, F, N, N), {(START, 2017), (STANDING, 2018), (LOSS, 2019)}, "loss"),
        # What regrows and falls again is lost once.
        ((F, N, F, N), {(START, 2017), (LOSS, 2018)}, "loss"),
        (
            (F, M, M, N),
            {(START, 2017), (degradation_of("moderate"), 2018), (LOSS, 2020), (loss_after("moderate"), 2020)},
            "loss",
        ),
        # Degraded before the project: its stock is what it is.
        ((M, M, M, M), {(START, 2017), (STANDING, 2018), (STANDING, 2019), (STANDING, 2020)}, "forest"),
        ((F, M, S, S), {(START, 2017), (degradation_of("moderate"), 2018)}, "forest"),
        ((F, M, F, F), {(START, 2017), (degradation_of("moderate"), 2018)}, "forest"),
        ((N, N, F, N), {(GAIN, 2019)}, "non-forest"),
        ((N, M, N, N), {(GAIN, 2018)}, "non-forest"),
        ((N, N, N, N), set(), "non-forest"),
    ],
)
def test_what_became_of_a_unit(roles, found, end):
    assert set(unit_events(YEARS4, roles)) == found
    assert fate(YEARS4, roles) == end


ROLES = st.tuples(*[st.sampled_from([F, N, M, S])] * 4)


@given(ROLES)
def test_the_forest_at_the_start_is_always_somewhere(roles):
    """Every year: standing, degraded or lost, and just one of them."""
    events = list(unit_events(YEARS4, roles))
    assert len(set(events)) == len(events)
    kinds = Counter(kind for kind, _ in events)
    assert kinds[LOSS] <= 1
    assert kinds[GAIN] <= 1
    assert not (kinds[START] and kinds[GAIN])
    for year in YEARS4[1:]:
        gone = any(kind == LOSS and at <= year for kind, at in events)
        thinned = any(kind.startswith("degradation:") and at <= year for kind, at in events)
        standing = (STANDING, year) in events
        assert bool(kinds[START]) == (gone or thinned or standing)
        assert not (standing and (gone or thinned))
    assert (fate(YEARS4, roles) == "non-forest") == (kinds[START] == 0)


def test_counts_against_a_loop_over_the_truth():
    """From the interpreter's rule itself, not from the parsed labels."""
    hits = cohort_hits(read(MADE.reference()))
    lost = {2020: Counter(), 2021: Counter()}
    for entry in MADE.drawn:
        seen = label(entry.unit.row, entry.unit.col, entry.unit.stratum)
        if "other" not in seen[:1] and "other" in seen:
            lost[YEARS[seen.index("other")]][entry.unit.stratum] += 1
    for year, found in lost.items():
        assert hits[LOSS, year] == tuple(found[code] for code in NAMES)
    assert hits[LOSS, 2020] == (10, 0, 0, 0)
    assert hits[degradation_of("moderate"), 2020] == (0, 5, 6, 0)
    assert hits[loss_after("moderate"), 2021] == (0, 5, 0, 0)


@st.composite
def interpreted(draw):
    labels = st.sampled_from(list(CLASSES))
    return [draw(st.tuples(labels, labels, labels)) for _ in MADE.drawn]


@given(interpreted())
@settings(deadline=None, max_examples=12)
def test_joint_counts_are_those_of_a_loop(labels):
    def write(rows):
        for row, seen in zip(rows, labels, strict=True):
            row.update(zip(map(str, YEARS), seen, strict=True))

    sample = read(MADE.reference(write))
    groups = [
        frozenset({(START, 2019)}), frozenset({(LOSS, 2020), (LOSS, 2021)}), frozenset({(degradation_of("severe"), 2021)})
    ]  # fmt: skip
    found = joint_hits(sample, groups)
    seen = [(u.unit.stratum, set(unit_events(YEARS, u.roles))) for u in sample.units]
    for (i, j), counts in found.items():
        both = Counter(stratum for stratum, events in seen if groups[i] & events and groups[j] & events)
        assert counts == tuple(both[code] for code in NAMES)
    hits = cohort_hits(sample)
    zero = (0, 0, 0, 0)
    years = [hits.get((LOSS, year), zero) for year in (2020, 2021)]
    assert found[1, 1] == tuple(a + b for a, b in zip(*years, strict=True))
    classes = Counter(period_class(YEARS, unit.roles) for unit in sample.units)
    assert classes["loss"] == sum(found[1, 1])
    assert sum(classes.values()) == len(sample.units)
