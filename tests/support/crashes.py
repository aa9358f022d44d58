"""Stop a writer at each of its steps, and cut the power at each of them: what may then be on the disk.

``interrupted`` makes the ``stop``-th step of the system calls that change a disk fail or kill.  ``Recorder`` notes the calls
and gives the states a disk may be in after a power cut: what was not forced to disk may be there, be empty, or be missing,
and a name that was not forced may be the old or the new one, in each folder apart.
"""

from __future__ import annotations

import errno
import itertools
import os
from contextlib import contextmanager
from pathlib import Path

STEPS = ("write", "fsync", "replace", "mkdir", "unlink", "rmdir")


class Killed(BaseException):
    """Raised in place of dying."""


@contextmanager
def interrupted(stop, how):
    """Let step ``stop`` fail: ``how`` is ``die`` (the process ends), ``raise``, or ``full`` (no space left, and ever after).

    Yields the list of the steps taken.
    """
    taken, real = [], {name: getattr(os, name) for name in STEPS}

    def step(name, *args, **kwargs):
        taken.append(name)
        if len(taken) - 1 == stop or (how == "full" and len(taken) - 1 > stop and name in {"write", "mkdir"}):
            if name == "write":
                real["write"](args[0], bytes(args[1])[: len(args[1]) // 2])
            if how == "die":
                os._exit(9)
            if how == "full":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise Killed
        return real[name](*args, **kwargs)

    for name in STEPS:
        setattr(os, name, lambda *args, _name=name, **kwargs: step(_name, *args, **kwargs))
    try:
        yield taken
    finally:
        for name, call in real.items():
            setattr(os, name, call)


class Recorder:
    """A model of the disk under ``root``, kept while real calls are made."""

    def __init__(self, root):
        self.root = Path(root)
        self.bytes, self.forced, self.now, self.disk = [], [], {}, {}
        self.open_files, self.states, self.real = {}, [], {}
        for folder, folders, files in os.walk(self.root):
            names = dict.fromkeys(folders, "folder")
            for file in files:
                names[file] = self._inode((Path(folder) / file).read_bytes())
            self.now[folder], self.disk[folder] = dict(names), dict(names)

    def _inode(self, data):
        self.bytes.append(data)
        self.forced.append(data)
        return len(self.bytes) - 1

    def _mark(self):
        """Note every state the disk may be in now."""
        differing = [folder for folder in self.now if self.now[folder] != self.disk.get(folder)]
        unforced = [number for number, data in enumerate(self.bytes) if data != self.forced[number]]
        for kept in itertools.product((False, True), repeat=len(differing)):
            view = {**self.disk, **{f: self.now[f] for f, new in zip(differing, kept, strict=True) if new}}
            for content in ("old", "half", "new") if unforced else ("old",):
                data = [
                    forced if content == "old" else full if content == "new" or full == forced else full[: len(full) // 2]
                    for full, forced in zip(self.bytes, self.forced, strict=True)
                ]
                self.states.append(self._files(str(self.root), view, data))

    def _files(self, folder, view, data):
        found = {}
        for name, what in sorted(view.get(folder, {}).items()):
            path = f"{folder}/{name}"
            if what == "folder":
                found[path] = None
                found.update(self._files(path, view, data))
            else:
                found[path] = (what, data[what])
        return found

    @contextmanager
    def recording(self):
        """Keep the model while real calls are made."""
        names = (*STEPS, "open", "close")
        self.real = {name: getattr(os, name) for name in names}
        self._mark()
        for name in names:
            setattr(os, name, getattr(self, f"_{name}"))
        try:
            yield self
        finally:
            for name, call in self.real.items():
                setattr(os, name, call)

    def _open(self, path, flags, *args, **kwargs):
        descriptor = self.real["open"](path, flags, *args, **kwargs)
        folder, name = os.path.split(str(path))
        if str(path).startswith(str(self.root)):
            if flags & os.O_CREAT and name not in self.now[folder]:
                self.now[folder][name] = self._inode(b"")
            self.open_files[descriptor] = str(path) if str(path) in self.now else self.now[folder][name]
        return descriptor

    def _close(self, descriptor):
        self.open_files.pop(descriptor, None)
        return self.real["close"](descriptor)

    def _write(self, descriptor, data):
        count = self.real["write"](descriptor, data)
        if (inode := self.open_files.get(descriptor)) is not None:
            self.bytes[inode] += bytes(data)[:count]
            self._mark()
        return count

    def _fsync(self, descriptor):
        place = self.open_files.get(descriptor)
        if isinstance(place, str):
            self.disk[place] = dict(self.now[place])
        elif place is not None:
            self.forced[place] = self.bytes[place]
        self._mark()

    def _replace(self, source, target):
        self.real["replace"](source, target)
        (old, name), (new, other) = os.path.split(str(source)), os.path.split(str(target))
        self.now[new][other] = self.now[old].pop(name)
        self._mark()

    def _mkdir(self, path, *args, **kwargs):
        self.real["mkdir"](path, *args, **kwargs)
        folder, name = os.path.split(str(path))
        self.now[folder][name] = "folder"
        self.now[str(path)], self.disk[str(path)] = {}, {}
        self._mark()

    def _unlink(self, path):
        self.real["unlink"](path)
        self._gone(path)

    def _rmdir(self, path):
        self.real["rmdir"](path)
        self._gone(path)

    def _gone(self, path):
        folder, name = os.path.split(str(path))
        del self.now[folder][name]
        self._mark()

    def distinct(self):
        """The states, each once."""
        return list({repr(sorted(state.items())): state for state in self.states}.values())

    def lay_out(self, state, folder):
        """Make a folder be in a state; names that share an inode are hard links."""
        folder = Path(folder)
        folder.mkdir()
        made = {}
        for path, what in state.items():
            target = folder / Path(path).relative_to(self.root)
            if what is None:
                target.mkdir()
            elif what[0] in made:
                os.link(made[what[0]], target)
            else:
                target.write_bytes(what[1])
                made[what[0]] = target
        return folder
