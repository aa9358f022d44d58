from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from mrv.errors import SourceError
from mrv.plan import Radiometry
from mrv.sources.items import Scene
from mrv.sources.radiometry import OffsetDecision, decide_offset, offset_agrees

RULES = Radiometry(scale="0.0001")
DECLARED = Radiometry(scale="0.0001", unknown_baseline_offset_dn=0, reason="measured")


def scene(baseline, day=date(2019, 7, 1)):
    return Scene("S2_X", "s2", day, baseline)


@pytest.mark.parametrize(
    ("baseline", "offset"),
    [("02.12", 0), ("03.01", 0), ("03.99", 0), ("04.00", -1000), ("04.01", -1000), ("05.09", -1000), ("5.10", -1000)],
)
def test_the_baseline_decides(baseline, offset):
    assert decide_offset(scene(baseline), RULES) == OffsetDecision(offset, "metadata")


def test_the_date_is_no_proxy():
    assert decide_offset(scene("05.00", date(2016, 5, 5)), RULES).offset_dn == -1000
    assert decide_offset(scene("03.01", date(2023, 5, 5)), RULES).offset_dn == 0


def test_metadata_goes_before_what_the_plan_declares():
    assert decide_offset(scene("05.00"), DECLARED) == OffsetDecision(-1000, "metadata")
    assert decide_offset(scene(None), DECLARED) == OffsetDecision(0, "declared")


@pytest.mark.parametrize("baseline", [None, "", "unknown", "4", "04.00.00", " 04.00", "v04.00", "04,00", "99.999"])
def test_the_unknown_is_refused(baseline):
    with pytest.raises(SourceError) as caught:
        decide_offset(scene(baseline), RULES)
    assert caught.value.error_code == "source.offset-unknown"
    assert caught.value.file == "S2_X"
    assert caught.value.hint


def test_digits_of_another_script_are_refused():
    with pytest.raises(SourceError):
        decide_offset(scene("٠٤.٠٠"), RULES)


def test_a_declaration_needs_its_reason():
    with pytest.raises(ValidationError, match="reason"):
        Radiometry(scale="0.0001", unknown_baseline_offset_dn=0)


@pytest.mark.parametrize(
    ("offset", "dark", "verdict"),
    [(0, None, None), (-1000, None, None), (0, 300, True), (0, 1400, False), (-1000, 1200, True), (-1000, 300, False)],
)
def test_dark_vegetation_judges(offset, dark, verdict):
    assert offset_agrees(OffsetDecision(offset, "metadata"), dark, 1000) is verdict
