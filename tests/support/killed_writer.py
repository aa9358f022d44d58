"""Run as a script: append to copies of a log, and die at the first step, at the second, … until one append ends.

Words: the log, a folder for the copies, first and last entry to append.  Prints what each child told before it died.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from mrv.attest.log import writer
from support import logs
from support.crashes import interrupted


def main():
    os.fsync = lambda _: None
    base, cases, first, last = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    for stop in range(1000):
        case = cases / f"{stop:03d}"
        if base.exists():
            shutil.copytree(base, case)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            with interrupted(stop, "die"):
                if base.exists():
                    told = writer.append(case, logs.entries(first, last), signer=logs.LOG_KEY).indices
                else:
                    told = writer.create(case, origin=logs.ORIGIN, signer=logs.LOG_KEY)
            os.write(writing, str(told).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            told = pipe.read()
        _, status = os.waitpid(child, 0)
        print(f"{case.name} {os.waitstatus_to_exitcode(status)} {bool(told)}")
        if os.waitstatus_to_exitcode(status) != 9:
            return


main()
