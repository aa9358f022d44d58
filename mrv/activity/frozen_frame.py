"""The frozen frame as a file: ``frame.json`` read, and held against itself."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mrv.activity.cohort import FOREST, NON_FOREST
from mrv.activity.frame import FRAME_FILE, MAX_BYTES, Frame
from mrv.errors import PlanError
from mrv.misfit import misfit
from mrv.sections.activity import GAINED, LOST, SPLIT_STRATA

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mrv.activity.frame import FrameStratum

_LABEL = re.compile(r"[^\s,;\"'|][^,;\"'|\r\n]{0,62}[^\s,;\"'|]|[^\s,;\"'|]")


def parse_frame(data: bytes, *, file: str = FRAME_FILE) -> Frame:
    """Read and check a frame.

    Args:
        data: Bytes of ``frame.json``.
        file: Its name in messages.

    Raises:
        PlanError: ``frame.syntax`` (not such a document), ``frame.canonical`` (not its canonical bytes), or what
            :func:`check_frame` finds.
    """
    if len(data) > MAX_BYTES:
        raise PlanError(f"{len(data)} bytes", code="frame.syntax", file=file, hint="give the file that mrv sample wrote")
    try:
        frame = Frame.model_validate_json(data)
    except ValidationError as error:
        found = misfit(error, Frame)
        hint = f"give the file that mrv sample wrote, unchanged; there: {found.hint}"
        raise PlanError(found.message, code="frame.syntax", file=file, field=found.field or None, hint=hint) from error
    check_frame(frame, file=file)
    if frame.encoded() != data:
        raise PlanError(
            "not in canonical form: its digest would not be the one that was committed", code="frame.canonical", file=file,
            hint="restore the file as mrv sample wrote it (RFC 8785: no spaces, members sorted, each once)",
        )  # fmt: skip
    return frame


def check_frame(frame: Frame, *, file: str = FRAME_FILE) -> None:
    """Check a frame against itself.

    Raises:
        PlanError: ``frame.strata`` (codes or names), ``frame.probabilities`` (inclusion probabilities that are not n_h/N_h, or
            n_h that do not add up to n), ``frame.allocation`` (n_h above N_h), ``frame.unsampled`` and ``frame.one-unit``
            (no variance can be had), ``frame.stratification`` (names that are not of its split), ``frame.classes``,
            ``frame.years``, ``frame.non-response``.
    """
    codes = [stratum.code for stratum in frame.strata]
    if codes != sorted(set(codes)):
        raise _wrong("codes are not ascending, each once", "frame.strata", "strata", file)
    if twice := _twice(stratum.name for stratum in frame.strata):
        raise _wrong(f"{twice} occurs twice", "frame.strata", "strata", file)
    _check_split(frame, file)
    for stratum in frame.strata:
        _check_sizes(stratum, file)
    drawn = sum(stratum.sample for stratum in frame.strata)
    if drawn != frame.allocation.n:
        raise _wrong(f"the strata's samples add up to {drawn}, not {frame.allocation.n}", "frame.probabilities", "strata", file)
    _check_response(frame, file)


def _check_split(frame: Frame, file: str) -> None:
    """Strata of high and of low confidence go with the rules that split them, and with no other stratum of loss."""
    split = frame.confidence
    known = (*SPLIT_STRATA, *((GAINED,) if split is not None and split.gain_percent is not None else ()))
    for stratum in frame.strata:
        if (stratum.name in LOST[1:]) if split is None else (stratum.name not in known):
            told = "is not split by confidence" if split is None else "is split by confidence"
            raise _wrong(
                f"{stratum.name} is a stratum, but the loss of this frame {told}", "frame.stratification", "strata", file
            )


def _check_sizes(stratum: FrameStratum, file: str) -> None:
    """Two units at least, or all of them: of one unit nobody knows the variance."""
    n, units, field = stratum.sample, stratum.units, f"strata.{stratum.name}"
    if n > units:
        raise _wrong(f"{n} units to draw of {units}", "frame.allocation", field, file)
    if n == 0:
        raise _wrong(
            f"none of {units} units is drawn",
            "frame.unsampled",
            field,
            file,
            "a part never looked at has no estimate: sample it",
        )
    if n == 1 and units > 1:
        raise _wrong(
            "one unit tells no variance", "frame.one-unit", field, file, "draw two at least, or join this stratum to another"
        )
    if stratum.inclusion != f"{n}/{units}":
        told = Fraction(stratum.inclusion)
        why = (
            f"does not give {n} of {units} units: {told * units} would be drawn" if told != Fraction(n, units) else "is reduced"
        )
        raise _wrong(f"inclusion probability {stratum.inclusion} {why}", "frame.probabilities", field, file, f"{n}/{units}")


def _check_response(frame: Frame, file: str) -> None:
    labels, roles = [entry.label for entry in frame.classes], {entry.role for entry in frame.classes}
    if twice := _twice(labels):
        raise _wrong(f"{twice} occurs twice", "frame.classes", "classes", file)
    if bad := next((label for label in labels if not _LABEL.fullmatch(label)), None):
        raise _wrong(f"{bad!r} cannot stand in a table", "frame.classes", "classes", file, "no commas, quotes or outer spaces")
    if not {FOREST, NON_FOREST} <= roles:
        raise _wrong("a label of role forest and one of role non-forest are needed", "frame.classes", "classes", file)
    if any(two != one + 1 for one, two in pairwise(frame.label_years)):
        raise _wrong("years do not follow each other", "frame.years", "label_years", file)
    if frame.non_response.rule == "refuse" and frame.non_response.max_percent:
        raise _wrong("a rule that refuses allows 0 %", "frame.non-response", "non_response.max_percent", file)


def _twice(names: Iterable[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _wrong(message: str, code: str, field: str, file: str, hint: str | None = None) -> PlanError:
    return PlanError(message, code=code, file=file, field=field, hint=hint or "design the frame again with mrv sample")
