"""The command line: one library call a verb, plus printing; a module a group of verbs.

Exit status: 0 holds; 1 the evidence says no; 2 bad usage or bad input; 70 a fault of this program; 130 interrupted; 141 who
read the output went away.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from mrv import __version__
from mrv.cli import attestation, bundle, chain, countersign, keys, log, project, registry, sample, simulate, status
from mrv.cli.printing import complain, crashed, refused
from mrv.errors import MRVError

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
UNHEARD = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Words after ``mrv``; default, the process's own.

    Returns:
        Exit status.
    """
    args = _parser().parse_args(argv)
    with suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        exit_status = _called(args)
        sys.stdout.flush()  # what is lost shows here, not when Python ends
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would complain as it ends
        return UNHEARD if isinstance(error, BrokenPipeError) else crashed(error, args)
    return exit_status


def _called(args: argparse.Namespace) -> int:
    """The verb's exit status, or that of what it raises."""
    try:
        exit_status: int = args.call(args)
    except MRVError as error:
        return refused(error, as_json=args.json)
    except KeyboardInterrupt:
        complain("interrupted: nothing half-written; run again to go on from what was fetched")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  # the last line of defence: told in one line, and in full where asked
        return crashed(error, args)
    return exit_status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mrv",
        description="Verify forest and mangrove carbon from space, and sign what was found.",
        epilog="Exit status: 0 holds; 1 the evidence says no; 2 bad usage or bad input; 70 a fault of this program.",
    )
    parser.set_defaults(traceback=False)
    parser.add_argument("--version", action="version", version=f"mrv {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for group in (project, sample, attestation, bundle, countersign, registry, chain, simulate, keys, status, log):
        group.add_verbs(verbs)
    return parser
