"""Inputs: the tables beside the plan, as bytes by name. The statement names each with its digest; replay reads them again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mrv.errors import PlanError
from mrv.regular_file import TooLargeError, read_regular
from mrv.units import sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

NAMES = (
    "frame.json",
    "frame_strata.tif",
    "interpreters.csv",
    "leakage.toml",
    "plots.csv",
    "prior_credits.csv",
    "reference.csv",
    "reference_level.csv",
    "registry_extract.json",
    "risk_report.toml",
    "sample.json",
    "trees.csv",
)
"""Every file that is read, if it is there."""
MAX_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Inputs:
    """What a project gives beside plan, boundary and rasters."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    """Bytes by name."""

    def __contains__(self, name: str) -> bool:
        return name in self.files

    def __getitem__(self, name: str) -> bytes:
        return self.files[name]

    @property
    def digests(self) -> dict[str, str]:
        """sha256 of each, by name."""
        return {name: sha256_bytes(data) for name, data in sorted(self.files.items())}


def seed_of(plan_digest: str, digests: Iterable[str]) -> str:
    """Seed of a statement's random numbers: nobody chooses it.

    Args:
        plan_digest: Digest of the plan.
        digests: Digests of the boundary, of every table and of every band, in any order.
    """
    return sha256_bytes("\n".join([plan_digest, *sorted(set(digests))]).encode())


def input_suffix(name: str) -> str:
    """Suffix under which the store keeps a table."""
    return name[name.rindex(".") :]


def read_inputs(folder: Path) -> Inputs:
    """Read the tables of a project folder.

    Raises:
        PlanError: A file cannot be read, or is too large to be a table.
    """
    found: dict[str, bytes] = {}
    for name in NAMES:
        path = folder / name
        if not path.exists():
            continue
        try:
            found[name] = read_regular(path, MAX_BYTES)
        except TooLargeError as error:
            raise PlanError(
                "is too large", code="input.size", file=path, hint=f"at most {MAX_BYTES >> 20} MiB are read"
            ) from error
        except OSError as error:
            raise PlanError(f"cannot be read: {error.strerror}", code="input.unreadable", file=path, hint="check it") from error
    return Inputs(found)
