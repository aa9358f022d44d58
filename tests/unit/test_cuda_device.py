"""Choosing a GPU, not finding one, and what its compiler makes of the sources."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from support.host_device import made_device
from support.run_tiny import run_tiny
from support.tiny_project import tiny_project

from mrv.change import harmonic_monitor, matched_step
from mrv.cli import main
from mrv.compute import running, wants_gpu
from mrv.errors import UsageError
from mrv.kernels.cuda import device as devices
from mrv.kernels.cuda import harmonic, mosum, step_monitor
from mrv.kernels.cuda.device import OPTIONS, Back, CudaDevice, Program, Scratch, compiled, lots, open_device
from mrv.provenance import provenance

PROGRAMS = {
    "matched-step/1": step_monitor.PROGRAM,
    **{f"harmonic-monitor/1, {2 * harmonics} waves": harmonic.program(1 + 2 * harmonics) for harmonics in (0, 1, 2)},
    "bfast-monitor/1": mosum.tile_program(8, 8),
    "bfast-monitor/1, stable history": mosum.stable_program(8),
}
STEP = {"detector": "matched-step/1", "bands": ["blue", "green", "red", "nir"], "min_history": 6}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_the_machine_code_contracts_nothing_and_flushes_nothing(program, tmp_path):
    if shutil.which("nvcc") is None:
        pytest.skip("no nvcc here: what a CUDA compiler makes of the sources is not looked at")
    (tmp_path / "twin.cu").write_text(program.text)
    subprocess.run(["nvcc", "-ptx", "-arch=sm_90", *OPTIONS, "-o", tmp_path / "twin.ptx", tmp_path / "twin.cu"], check=True)
    code = (tmp_path / "twin.ptx").read_text()
    arithmetic = set(re.findall(r"\b(?:fma|mad|mul|add|sub|div|sqrt|rcp|rsqrt|ex2|lg2|sin|cos)\.[\w.]*f(?:32|64)\b", code))
    assert {re.sub(r"f(32|64)$", "f", name) for name in arithmetic} <= {
        "mul.rn.f", "add.rn.f", "sub.rn.f", "div.rn.f", "sqrt.rn.f", "rcp.rn.f",
    }  # fmt: skip
    assert {"mul.rn.f64", "add.rn.f64"} <= arithmetic
    assert ".ftz" not in code


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("arch", ["sm_75", "sm_80", "sm_90", "sm_120"])
def test_the_compiler_takes_it(program, arch):
    cupy = pytest.importorskip("cupy", reason="no CuPy here: its compiler is not asked")
    try:
        cupy.cuda.nvrtc.getVersion()
    except RuntimeError as error:
        pytest.skip(f"CuPy finds no compiler here: {error}")
    assert compiled(cupy.cuda.nvrtc, program.text, arch).startswith(b"\x7fELF")


def test_the_code_digest_covers_the_sources(monkeypatch):
    from mrv.pipeline import code_digest

    read = []
    monkeypatch.setattr("hashlib.sha256", lambda data: read.append(data) or SimpleNamespace(hexdigest=lambda: "0"))
    monkeypatch.setattr("mrv.pipeline.sha256_bytes", lambda data: data.decode())
    rows = code_digest.__wrapped__().splitlines()
    named = [row.split()[0] for row in rows if "kernels/cuda/" in row]
    sources = {f"kernels/cuda/{source}" for program in PROGRAMS.values() for source in program.sources}
    assert sources <= set(named)


@pytest.mark.parametrize("where", ["none", "local", "local:threads=2"])
def test_a_gpu_is_asked_for_beside_the_place(where):
    for name, asked in ((where, False), (f"{where}+gpu", True)):
        assert wants_gpu(name) is asked
        with running(name) as gpu:
            assert gpu is asked


@pytest.mark.parametrize("where", ["+gpu", "gpu", "local+cpu", "local+gpu+gpu", "local +gpu", "local+GPU", "local:gpu"])
def test_other_words_are_refused(where):
    with pytest.raises(UsageError) as caught, running(where):
        pass
    assert caught.value.error_code == "compute.where"


class FakeCupy:
    """As much of CuPy as is called, on arrays of NumPy: shows what is passed, not what a device makes of it."""

    __version__ = "14.2.0"

    class NVRTCError(RuntimeError):
        pass

    def __init__(self):
        self.options, self.loaded, self.started = [], [], []
        self.cuda = SimpleNamespace(
            runtime=SimpleNamespace(getDeviceProperties=lambda _: {"name": b"Made-up GPU", "major": 9, "minor": 0}),
            Device=lambda _: nullcontext(),
            Module=lambda: SimpleNamespace(load=self.loaded.append, get_function=lambda _: self.start),
        )
        self.cuda.nvrtc = SimpleNamespace(
            getVersion=lambda: (12, 9), createProgram=lambda *words: words, destroyProgram=lambda _: None,
            compileProgram=lambda _, options: self.options.append(options), getCUBIN=lambda program: program[0].encode(),
            getProgramLog=lambda _: "line 3", NVRTCError=self.NVRTCError,
        )  # fmt: skip
        self.empty = np.empty

    def install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "cupy", self)
        return self

    def fail(self, text, kind=RuntimeError):
        raise kind(text)

    def asarray(self, array, order):
        return np.array(array, order=order).view(Copied)

    def start(self, grid, block, arguments):
        self.started.append((grid, block, [type(argument) for argument in arguments]))
        arguments[-1][...] = 5


class Copied(np.ndarray):
    def get(self, out):
        out[...] = self


def small(back):
    return harmonic.program(3), 300, [np.arange(6, dtype=np.int16)[::2], np.int32(2), Scratch(4, np.float64), Back(back)]


def test_what_is_passed_to_cupy(monkeypatch):
    cupy, back = FakeCupy().install(monkeypatch), np.zeros(300, np.int32)
    device = CudaDevice()
    assert device.name == "Made-up GPU, NVRTC 12.9, CuPy 14.2.0"
    device.run(*small(back))
    device.run(*small(back))
    assert cupy.options == [(*OPTIONS, "--gpu-architecture=sm_90")]
    assert cupy.loaded == [harmonic.program(3).text.encode()]
    assert cupy.started[1] == ((3,), (128,), [Copied, np.int32, np.ndarray, Copied])
    assert (back == 5).all()


@pytest.mark.parametrize("kind", [MemoryError, RuntimeError])
def test_a_device_that_gives_up_is_a_refusal(kind, monkeypatch):
    cupy = FakeCupy().install(monkeypatch)
    cupy.empty = lambda *_: cupy.fail("out of memory", kind)
    with pytest.raises(UsageError, match="out of memory") as caught:
        CudaDevice().run(*small(np.zeros(3, np.int32)))
    assert caught.value.error_code == "compute.device"
    assert "1024 MB" in caught.value.hint


def test_a_compiler_that_does_not_know_the_device_is_a_refusal(monkeypatch):
    cupy = FakeCupy().install(monkeypatch)
    cupy.cuda.nvrtc.compileProgram = lambda *_: cupy.fail("invalid value for --gpu-architecture", cupy.NVRTCError)
    with pytest.raises(UsageError, match=r"sm_90.*line 3") as caught:
        CudaDevice().run(*small(np.zeros(3, np.int32)))
    assert caught.value.error_code == "compute.compile"


@pytest.fixture
def fresh():
    open_device.cache_clear()
    yield
    open_device.cache_clear()


def no_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)


def no_driver(monkeypatch):
    cupy = FakeCupy()
    cupy.cuda.runtime.getDeviceProperties = lambda _: cupy.fail("cudaErrorNoDevice: no CUDA-capable device is detected")
    cupy.install(monkeypatch)


ABSENT = {"no CuPy": (no_cupy, "pip install 'mrv[gpu]'"), "no device": (no_driver, "nvidia-smi")}


@pytest.mark.parametrize(("absent", "told"), ABSENT.values(), ids=ABSENT)
def test_a_device_that_is_not_there_is_refused_with_a_remedy(absent, told, fresh, monkeypatch):
    absent(monkeypatch)
    with pytest.raises(UsageError) as caught:
        open_device()
    assert (caught.value.error_code, caught.value.field) == ("compute.no-device", "where")
    assert told in caught.value.hint
    assert "without +gpu" in caught.value.hint


def test_a_run_without_its_device_ends_before_anything_is_fetched(fresh, monkeypatch, tmp_path, capsys):
    no_cupy(monkeypatch)
    project = tiny_project(tmp_path / "project")
    assert main(["keys", "new", str(tmp_path / "key.pem")]) == 0
    capsys.readouterr()
    words = ["run", str(project.folder), "--key", f"file:{tmp_path / 'key.pem'}", "--where", "none+gpu", "--json"]
    assert main(words) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "compute.no-device"
    assert not project.load().store_folder.exists()


def test_computing_without_the_device_is_refused(fresh, monkeypatch, tmp_path):
    no_cupy(monkeypatch)
    with pytest.raises(UsageError) as caught:
        run_tiny(tiny_project(tmp_path), where="none+gpu")
    assert caught.value.error_code == "compute.no-device"


@pytest.mark.parametrize("plan", [{}, {"method.change": STEP}], ids=["harmonic-monitor/1", "matched-step/1"])
def test_a_whole_run_has_the_same_statement_and_says_what_it_ran_on(plan, device, tmp_path, monkeypatch):
    done = run_tiny(tiny_project(tmp_path, plan=plan))
    assert done.result.device == "cpu"
    for module in (devices, harmonic_monitor, matched_step):
        monkeypatch.setattr(module, "open_device", lambda: device)
    before = device.launches
    again = done.again(where="local:threads=2+gpu", chunk=13)
    assert device.launches - before > 3
    assert again.statement.as_json() == done.result.statement.as_json()
    assert again.device == device.name
    made = provenance(started="2026-01-01T00:00:00Z", where="local+gpu", device=again.device, warnings=[])
    assert made["platform"]["device"] == device.name


def test_lots_hold_every_pixel_once(monkeypatch):
    monkeypatch.setattr(devices, "ROOM", 100)
    assert [(lot.start, lot.stop) for lot in lots(23, 10)] == [(0, 10), (10, 20), (20, 23)]
    assert [(lot.start, lot.stop) for lot in lots(2, 1000)] == [(0, 1), (1, 2)]
    assert list(lots(0, 10)) == []


def test_a_source_is_written_with_the_constants_of_the_cpu_kernel():
    text = step_monitor.PROGRAM.text
    for line in ("#define UNSEEN (-1000000000.0f)", "#define UNMONITORED (-1)", "#define R_BARE (10)", "#define WAVES (9)"):
        assert line in text
    assert "#define MAD_TO_SIGMA (1.4826)" in harmonic.program(5).text


def test_a_program_with_another_constant_is_another():
    assert harmonic.program(3) != harmonic.program(5)
    assert harmonic.program(3) == Program(harmonic.program(3).name, harmonic.program(3).sources, harmonic.program(3).constants)


def test_the_shim_sees_what_writes_past_its_array():
    host = made_device("host")

    class Wrong(Program):
        text = 'extern "C" __global__ void past(float *room, int by) { if (threadIdx.x == 0) room[by] = 1.0f; }'

    program = Wrong("past", (), ())
    host.run(program, 1, [Scratch(8, np.float32), np.int32(7)])
    with pytest.raises(AssertionError, match="past its array"):
        host.run(program, 1, [Scratch(8, np.float32), np.int32(8)])
    with pytest.raises(AssertionError):
        host.run(program, 1, [Scratch(8, np.float64), np.int32(7)])
