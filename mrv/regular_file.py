"""Regular files, read with a cap: a path that somebody names may lead to a pipe, a device, a folder, or to gigabytes.

What is refused is an :class:`OSError` as the system's own are, so that callers tell both in one place; its ``strerror``
says what is wrong, and names the cap.

References:
    POSIX ``open`` (O_NONBLOCK, O_NOFOLLOW).
"""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO

_READ = os.O_RDONLY
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT


class NotRegularError(OSError):
    """Not a regular file: a folder, pipe, device or socket, or a link where none is followed."""


class TooLargeError(OSError):
    """Longer than the caller reads."""


def open_regular(path: str | os.PathLike[str], *, follow: bool = True, append: bool = False) -> BinaryIO:
    """A regular file, open for reading; never waits, as it would on a pipe that nobody writes to.

    Args:
        path: The file.
        follow: Whether its last part may be a link.
        append: Open it for reading and for writing at its end, and make it where there is none.

    Raises:
        OSError: The system refuses; :class:`NotRegularError`.
    """
    flags = _APPEND if append else _READ
    # Harmless on what is regular, and what is not is looked at once it is open: nobody can swap it meanwhile.
    for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY", *(() if follow else ("O_NOFOLLOW",))):
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(path, flags, 0o666)
    except ValueError as error:  # a NUL, or what no file system can spell
        raise NotRegularError(errno.EINVAL, "this is no path") from error
    except OSError as error:
        if error.errno == errno.ELOOP and not follow:
            raise NotRegularError(errno.ELOOP, "a link, which is not followed", os.fspath(path)) from error
        if error.errno in {errno.EISDIR, errno.ENXIO}:  # a folder to be written, a socket
            raise NotRegularError(error.errno, "not a regular file", os.fspath(path)) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularError(errno.EINVAL, "not a regular file", os.fspath(path))
    return os.fdopen(descriptor, "ab+" if append else "rb")


def read_regular(path: str | os.PathLike[str], most: int, *, follow: bool = True) -> bytes:
    """The bytes of a regular file.

    Args:
        path: The file.
        most: Bytes it may have.
        follow: Whether its last part may be a link.

    Raises:
        OSError: As of :func:`open_regular`; :class:`TooLargeError`.
    """
    with open_regular(path, follow=follow) as file:
        return read_open(file, most)


def read_open(file: BinaryIO, most: int) -> bytes:
    """All that is left of an open file.

    Args:
        file: From :func:`open_regular`.
        most: Bytes that may be left.

    Raises:
        OSError: The system refuses; :class:`TooLargeError`.
    """
    size = os.fstat(file.fileno()).st_size - file.tell()
    data = file.read(most + 1) if size <= most else b""  # one that grows while it is read cannot run on
    if max(size, len(data)) > most:
        raise TooLargeError(errno.EFBIG, f"more than {most} bytes, the most that is read of it")
    return data
