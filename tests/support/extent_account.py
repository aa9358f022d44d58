"""The account of extent maps in a statement: altered leaf by leaf, and as a page."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mrv.attest import credential, keys, proof
from mrv.errors import MRVError
from mrv.report import render
from mrv.views import look
from support.forger import caught, resign

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.run_tiny import TinyRun

NOW = "2026-01-02T03:04:05Z"


def leaves(found: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every leaf of an account, with its path."""
    items = found.items() if isinstance(found, dict) else enumerate(found)
    for key, item in items:
        if isinstance(item, dict | list):
            yield from leaves(item, (*path, key))
        else:
            yield (*path, key), item


def altered(value: dict[str, Any], path: tuple[Any, ...], new: Any) -> dict[str, Any]:
    """A statement with one leaf of its account altered, and what follows from it put right as far as a forger can."""
    forged = copy.deepcopy(value)
    at = forged["activity"]["extents"]
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = new
    with suppress(LookupError, ValueError, MRVError):  # the forger's own tools may refuse
        resign(forged)
    return forged


def unnoticed(value: dict[str, Any]) -> set[str]:
    """Leaves of which one more, or another word, fails no check."""
    found = set()
    for path, leaf in leaves(value["activity"]["extents"]):
        new = leaf + 1 if isinstance(leaf, int) else f"not {leaf}"
        if caught(altered(value, path, new)) is None:
            found.add(".".join(part for part in path if isinstance(part, str)))
    return found


def section_of(run: TinyRun, folder: Path, name: str) -> str:
    """A section of the report of a run; empty where it has none."""
    signer = keys.new_key(folder / "key.pem")
    document = credential.build(
        statement=run.result.statement.as_json(), binding={"supersedes": [], "assets": [], "serials": []}, materials=[],
        provenance={"started": NOW, "ended": NOW, "software": {}, "platform": {}, "where": "none", "warnings": []},
        issuer=signer.issuer, valid_from=NOW,
    )  # fmt: skip
    html = render(proof.sign(document, signer, NOW), look(run.result))
    _, start, rest = html.partition(f'<section id="{name}"')
    return rest.partition("</section>")[0] if start else ""
