"""Progress of long work: a bar on a terminal, a line a stage elsewhere; always on standard error."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A function to tell stage, done and total (0: unknown)."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, object] = {}

        def tell(stage: str, done: int, total: int) -> None:
            for other, task in tasks.items():
                if other != stage:
                    bar.update(task, completed=1, total=1)  # type: ignore[arg-type]  # rich's own id
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total or None)
            if total:
                bar.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]

        yield tell


def _lines() -> Callable[[str, int, int], None]:
    told: set[str] = set()

    def tell(stage: str, done: int, total: int) -> None:
        if stage not in told:
            told.add(stage)
            print(f"… {stage}" + (f" ({total} bands)" if total else ""), file=sys.stderr)
        elif total and done == total:
            print(f"… {stage}: {done} of {total}", file=sys.stderr)

    return tell
