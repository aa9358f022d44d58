"""The command line: one library call a verb, plus printing; a module a group of verbs.

Exit status: 0 holds; 1 the evidence says no; 2 bad usage or bad input; 130 interrupted.
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
from mrv.cli.printing import complain, refused
from mrv.errors import MRVError

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Words after ``mrv``; default, the process's own.

    Returns:
        Exit status.
    """
    # No plugin of pydantic sees or slows what is validated here: they would be looked for in every package installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    args = _parser().parse_args(argv)
    with suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        exit_status: int = args.call(args)
    except MRVError as error:
        return refused(error, as_json=args.json)
    except KeyboardInterrupt:
        complain("interrupted: nothing half-written; run again to go on from what was fetched")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return exit_status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mrv",
        description="Verify forest and mangrove carbon from space, and sign what was found.",
        epilog="Exit status: 0 holds; 1 the evidence says no; 2 bad usage or bad input.",
    )
    parser.add_argument("--version", action="version", version=f"mrv {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for group in (project, sample, attestation, bundle, countersign, registry, chain, simulate, keys, status, log):
        group.add_verbs(verbs)
    return parser
