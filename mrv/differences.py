"""Differences between two JSON documents, leaf by leaf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two JSON documents differ."""

    path: str
    """Dotted path."""
    left: Any
    """Value on the left; ``…`` where absent."""
    right: Any
    """Value on the right."""

    def __str__(self) -> str:
        return f"{self.path}: {_short(self.left)} ≠ {_short(self.right)}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:97]}…"


def differences(left: Any, right: Any, path: str = "") -> Iterator[Difference]:
    """Every leaf in which two JSON values differ; sequences by index."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            yield from differences(left.get(key, "…"), right.get(key, "…"), f"{path}.{key}" if path else key)
    elif isinstance(left, list) and isinstance(right, list):
        for index in range(max(len(left), len(right))):
            a, b = (side[index] if index < len(side) else "…" for side in (left, right))
            yield from differences(a, b, f"{path}[{index}]")
    elif type(left) is not type(right) or left != right:
        yield Difference(path, left, right)
