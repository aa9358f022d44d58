"""The command line: one library call a verb, plus printing; a module a group of verbs.

Exit status: 0 holds; 1 the evidence says no; 2 bad usage or bad input; 70 a fault of this program; 74 standard output cannot
be written; 130 interrupted; 141 who read the output went away.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrv import __version__
from mrv.cli import attestation, bundle, chain, countersign, keys, log, project, registry, sample, simulate, status
from mrv.cli.printing import OutputLost, complain, crashed, lost, refused
from mrv.errors import MRVError

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
UNHEARD = 141
_KEPT = {"mrv run": ": what was fetched is kept; run again to go on from it"}
"""What a verb can promise of an interrupt."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Words after ``mrv``; default, the process's own.

    Returns:
        Exit status.
    """
    # No plugin of pydantic sees or slows what is validated here: they would be looked for in every package installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if sys.stderr is None:  # closed before the start: a file opened later must not take its place
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - open until the end
    if sys.stdout is None:
        return lost("it is closed")
    args = _parser(sys.argv[1:] if argv is None else argv).parse_args(argv)
    with suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        exit_status = _called(args)
        sys.stdout.flush()  # what is lost shows here, not when Python ends
    except (OSError, OutputLost) as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would complain as it ends
        if isinstance(error, BrokenPipeError):
            return UNHEARD
        return lost(str(error.strerror) if isinstance(error, OSError) else str(error))
    return exit_status


def _called(args: argparse.Namespace) -> int:
    """The verb's exit status, or that of what it raises."""
    try:
        exit_status: int = args.call(args)
    except MRVError as error:
        return refused(error, as_json=args.json)
    except KeyboardInterrupt:
        complain("interrupted" + _KEPT.get(args.command, ""))
        return INTERRUPTED
    except (BrokenPipeError, OutputLost):
        raise
    except Exception as error:  # noqa: BLE001  # the last line of defence: told in one line, and in full where asked
        return crashed(error, args)
    return exit_status


class _One:
    """Takes the verbs of every group, and makes a parser of one of them alone: making forty takes longer than most verbs."""

    def __init__(self, verbs: Any, name: str) -> None:
        self.verbs, self.name = verbs, name

    def add_parser(self, name: str, **about: Any) -> Any:
        """A parser, or what takes a parser's options and forgets them."""
        return self.verbs.add_parser(name, **about) if name == self.name else _Forgetful()


class _Forgetful:
    def __getattr__(self, name: str) -> _Forgetful:
        return self

    def __call__(self, *_: Any, **__: Any) -> _Forgetful:
        return self


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of the verb that comes first in ``words``; of every verb where none of that name does."""
    parser, verbs = _root()
    _add_verbs(_One(verbs, words[0]) if words else verbs)
    if not verbs.choices:
        _add_verbs(verbs)
    return parser


def _add_verbs(verbs: Any) -> None:
    for group in (project, sample, attestation, bundle, countersign, registry, chain, simulate, keys, status, log):
        group.add_verbs(verbs)


def _root() -> tuple[argparse.ArgumentParser, Any]:
    parser = argparse.ArgumentParser(
        prog="mrv",
        description="Verify forest and mangrove carbon from space, and sign what was found.",
        epilog="Exit status: 0 holds; 1 the evidence says no; 2 bad usage or bad input; 70 a fault of this program; "
        "74 standard output cannot be written.",
    )
    parser.set_defaults(traceback=False)
    parser.add_argument("--version", action="version", version=f"mrv {__version__}")
    return parser, parser.add_subparsers(metavar="VERB", required=True)
