"""The device that twins run on: sources compiled once a process, a lot of pixels copied there and its result back.

NVRTC is called here and not through CuPy's ``RawModule``, which flushes denormals whatever it is told.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import DTypeLike, NDArray

CPU = "cpu"
"""What provenance says where no twin ran."""
OPTIONS = ("--std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true")
"""What makes a thread's arithmetic that of IEEE 754, as the CPU's is."""
ROOM = 2**30
"""Bytes on the device that one lot of pixels takes at most, with all that is computed beside it."""
_THREADS = 128


@dataclass(frozen=True)
class Program:
    """A kernel's source."""

    name: str
    """Of the function."""
    sources: tuple[str, ...]
    """Files beside this one, in order."""
    constants: tuple[tuple[str, float | np.float32], ...]
    """Names that the source takes from the module of the CPU kernel."""

    @cached_property
    def text(self) -> str:
        """The whole source."""
        lines = [f"#define {name} ({_literal(value)})" for name, value in self.constants]
        return "\n".join([*lines, *(files("mrv.kernels.cuda").joinpath(name).read_text("utf-8") for name in self.sources)])


def _literal(value: float | np.float32) -> str:
    if isinstance(value, np.float32):
        return f"{float(value)!r}f"
    return repr(float(value)) if isinstance(value, float) else str(int(value))


@dataclass(frozen=True)
class Back:
    """An argument that is copied there and back."""

    array: NDArray[Any]
    """Changed in place."""


@dataclass(frozen=True)
class Scratch:
    """An argument that is room on the device, not set to anything."""

    count: int
    """Numbers."""
    dtype: DTypeLike
    """Of what type."""


class Device(ABC):
    """Where a program runs."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As provenance says it."""

    @abstractmethod
    def run(self, program: Program, threads: int, arguments: Sequence[Any]) -> None:
        """Run a program and wait for it.

        Args:
            program: The program.
            threads: At least this many; one a pixel.
            arguments: In the function's order: arrays, copied there; :class:`Back`; :class:`Scratch`; NumPy scalars.
        """


class CudaDevice(Device):
    """The first CUDA device that this process sees, by CuPy."""

    def __init__(self) -> None:
        self._cupy = import_module("cupy")
        found = self._cupy.cuda.runtime.getDeviceProperties(0)
        self._arch = f"sm_{found['major']}{found['minor']}"
        compiler = ".".join(str(part) for part in self._cupy.cuda.nvrtc.getVersion())
        self._name = f"{found['name'].decode()}, NVRTC {compiler}, CuPy {self._cupy.__version__}"
        self._functions: dict[Program, Any] = {}
        self._turn = threading.Lock()

    @property
    def name(self) -> str:
        """Device, compiler and library."""
        return self._name

    def run(self, program: Program, threads: int, arguments: Sequence[Any]) -> None:
        """Run a program; one lot at a time, so that threads do not add up their memory.

        Raises:
            UsageError: The device has no room, or fails.
        """
        try:
            with self._turn, self._cupy.cuda.Device(0):
                function = self._function(program)
                there = [self._there(argument) for argument in arguments]
                self.launch(function, threads, there)
                for argument, copy in zip(arguments, there, strict=True):
                    if isinstance(argument, Back):
                        copy.get(out=argument.array)
        except (MemoryError, RuntimeError) as error:  # CuPy's errors of memory, runtime and driver
            raise UsageError(
                f"the GPU gave up: {error}", code="compute.device", field="where",
                hint=f"a lot of pixels takes {ROOM >> 20} MB of it: free some, or run without +gpu: the result is the same",
            ) from error  # fmt: skip

    def launch(self, function: Any, threads: int, arguments: Sequence[Any]) -> None:
        """Start a compiled function in so many threads; reading a result waits for it."""
        function((-(-threads // _THREADS),), (_THREADS,), tuple(arguments))

    def _there(self, argument: Any) -> Any:
        if isinstance(argument, Scratch):
            return self._cupy.empty(max(argument.count, 1), argument.dtype)
        array = argument.array if isinstance(argument, Back) else argument
        return self._cupy.asarray(array, order="C") if isinstance(array, np.ndarray) else array

    def _function(self, program: Program) -> Any:
        if program not in self._functions:
            module = self._cupy.cuda.Module()
            module.load(compiled(self._cupy.cuda.nvrtc, program.text, self._arch))
            self._functions[program] = module.get_function(program.name)
        return self._functions[program]


def compiled(nvrtc: Any, source: str, arch: str) -> bytes:
    """Machine code of a source.

    Args:
        nvrtc: CuPy's module of that name.
        source: CUDA C++.
        arch: As ``sm_90``.

    Raises:
        UsageError: NVRTC does not know the device, or refuses the source.
    """
    program = nvrtc.createProgram(source, "twin.cu", (), ())
    try:
        nvrtc.compileProgram(program, (*OPTIONS, f"--gpu-architecture={arch}"))
        code: bytes = nvrtc.getCUBIN(program)
    except nvrtc.NVRTCError as error:
        raise UsageError(
            f"the kernels do not compile for {arch}: {error} {nvrtc.getProgramLog(program)}", code="compute.compile",
            field="where", hint="pip install -U 'mrv[gpu]', or run without +gpu",
        ) from error  # fmt: skip
    finally:
        nvrtc.destroyProgram(program)
    return code


@cache
def open_device() -> Device:
    """The device, opened once a process.

    Raises:
        UsageError: CuPy is not installed, or sees no device.
    """
    try:
        import_module("cupy")
    except ImportError as error:
        raise UsageError(
            f"no GPU: {error}", code="compute.no-device", field="where",
            hint="pip install 'mrv[gpu]', or run without +gpu: the result is the same",
        ) from error  # fmt: skip
    try:
        return CudaDevice()
    except (RuntimeError, OSError) as error:  # no driver, no device, or no NVRTC
        raise UsageError(
            f"no GPU: {error}", code="compute.no-device", field="where",
            hint="run where nvidia-smi shows one (CUDA_VISIBLE_DEVICES chooses) and NVRTC is installed (pip install "
            "'mrv[gpu]'), or without +gpu: the result is the same",
        ) from error  # fmt: skip


def device_name(*, gpu: bool) -> str:
    """What provenance says of a device: ``cpu``, or the CUDA device's name.

    Args:
        gpu: Whether one was asked for.

    Raises:
        UsageError: One was asked for, and there is none here.
    """
    return open_device().name if gpu else CPU


def lots(pixels: int, bytes_each: int) -> Iterator[slice]:
    """Pixels in lots that :data:`ROOM` holds.

    Args:
        pixels: In all.
        bytes_each: What one takes on the device.
    """
    step = max(1, ROOM // max(bytes_each, 1))
    for first in range(0, pixels, step):
        yield slice(first, min(first + step, pixels))
