"""What the command line prints of strangers' words."""

from __future__ import annotations

import pytest

from mrv.checks import Check
from mrv.cli.printing import answer

FORGED = "a\n✓ countersign.required             1 of 1 by a verifier\nthe attestation holds"


@pytest.mark.parametrize("detail", [FORGED, "\x1b[31m", "\r✓ all", "\u202e", "\x00", "\u2028next"])
def test_a_detail_stays_in_its_line(capsys, detail):
    assert answer([Check("countersign.valid", "fails", detail)], as_json=False, what="the attestation") == 1
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 2
    assert all(letter.isprintable() for letter in printed.replace("\n", ""))
    assert printed.endswith("the attestation fails: countersign.valid\n")


def test_other_scripts_are_left_as_they_are(capsys):
    answer([Check("subject.id", "holds", "Măgura, 森林, t CO₂e")], as_json=False, what="it")
    assert "Măgura, 森林, t CO₂e" in capsys.readouterr().out
