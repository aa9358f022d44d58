"""A device that is none: the twin's very source, compiled by g++ behind a shim, its threads run one after another.

What it cannot show is what a CUDA compiler does with the source; that is checked by the machine code and on a device.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from mrv.errors import UsageError
from mrv.kernels.cuda.device import Back, CudaDevice, Device, Scratch, open_device

SHIM = Path(__file__).with_name("host_shim.h")
OPTIONS = ("-std=c++17", "-O2", "-ffp-contract=off", "-fno-fast-math", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror",
           "-Wno-unknown-pragmas")  # fmt: skip
TYPES = {
    np.int16: "s", np.int32: "i", np.int64: "x", np.uint8: "h", np.uint16: "t", np.float32: "f", np.float64: "d",
}  # fmt: skip
GUARD, THREADS = 64, 96


class HostDevice(Device):
    """Runs twins on the processor; each buffer lies between guards, scratch is filled with rubbish."""

    def __init__(self, options=OPTIONS) -> None:
        self._functions, self._options = {}, options
        self._turn = threading.Lock()  # the shim has one thread index
        self.launches, self._kept = 0, []

    def kept(self, position):
        """What the last run left in an argument."""
        return self._kept[position].inner

    @property
    def name(self) -> str:
        return "g++ behind a shim"

    def run(self, program, threads, arguments):
        with self._turn:
            function, types = self._function(program)
            buffers = [Buffer(argument) for argument in arguments]
            assert [buffer.type for buffer in buffers] == types
            pointers = (ctypes.c_void_p * len(buffers))(*(buffer.address for buffer in buffers))
            function(pointers, ctypes.c_uint(-(-threads // THREADS)), ctypes.c_uint(THREADS))
            self.launches, self._kept = self.launches + 1, buffers
            for buffer in buffers:
                buffer.check()

    def _function(self, program):
        if program not in self._functions:
            with tempfile.TemporaryDirectory() as folder:
                library = ctypes.CDLL(str(self._built(program, Path(folder))))
            library.type.restype = ctypes.c_char_p
            types = [name.decode() for name in iter(_counted(library.type), None)]
            self._functions[program] = library.launch, types
        return self._functions[program]

    def _built(self, program, folder):
        launch = f"""
            extern "C" void launch(void **arguments, unsigned blocks, unsigned threads) {{
                launch_on_host({program.name}, arguments, blocks, threads);
            }}
            extern "C" const char *type(unsigned index) {{ return type_on_host({program.name}, index); }}
        """
        (folder / "twin.cpp").write_text(f'#include "{SHIM}"\n{program.text}\n{launch}')
        subprocess.run(["g++", *self._options, "-o", folder / "twin.so", folder / "twin.cpp"], check=True)
        return folder / "twin.so"


def _counted(call):
    count = iter(range(1000))
    return lambda: call(ctypes.c_uint(next(count)))


class Buffer:
    """One argument in memory, with guards."""

    def __init__(self, argument):
        self.argument = argument
        if isinstance(argument, np.generic):
            self.type, self.held = TYPES[type(argument)], np.array(argument)
            self.address = self.held.ctypes.data
            return
        array = argument.array if isinstance(argument, Back) else argument
        if isinstance(argument, Scratch):
            array = np.full(argument.count, 77, argument.dtype)
        self.type = ("P" if isinstance(argument, Back | Scratch) else "PK") + TYPES[array.dtype.type]
        self.whole = np.full(array.size + 2 * GUARD, 99, array.dtype)
        self.inner = self.whole[GUARD : GUARD + array.size]
        self.inner[:] = array.ravel()
        self.held = np.array(self.inner.ctypes.data, np.uintp)
        self.address = self.held.ctypes.data

    def check(self):
        if isinstance(self.argument, np.generic):
            return
        guards = np.concatenate([self.whole[:GUARD], self.whole[-GUARD:]])
        assert (guards == 99).all(), "a thread wrote past its array"
        if isinstance(self.argument, Back):
            self.argument.array[...] = self.inner.reshape(self.argument.array.shape)


class KeptCuda(CudaDevice):
    """The real device, which keeps the arguments of its last run."""

    launches = 0

    def launch(self, function, threads, arguments):
        super().launch(function, threads, arguments)
        self.launches, self._kept = self.launches + 1, arguments

    def kept(self, position):
        """What the last run left in an argument."""
        return self._kept[position].get()


def made_device(kind):
    """``host`` or ``cuda``; skips, saying so, where there is none."""
    if kind == "host":
        if shutil.which("g++") is None:
            pytest.skip("no g++ here: the twins' source is not compared with the CPU's kernels")
        return HostDevice()
    try:
        open_device()
    except UsageError as error:
        pytest.skip(f"the twins are not compared on a GPU: {error}")
    return KeptCuda()
