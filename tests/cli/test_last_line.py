"""What no verb should let through: one line, an exit status of its own, and the traceback only where it is asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mrv.cli import main
from mrv.errors import UsageError

SHOW = ("keys", "trust", "show", "trust.json")


@pytest.fixture
def broken(monkeypatch):
    """Let ``mrv keys trust show`` raise."""
    monkeypatch.delenv("MRV_TRACEBACK", raising=False)

    def with_(error):
        def load_trust(*_, **__):
            raise error

        monkeypatch.setattr("mrv.attest.trust.load_trust", load_trust)

    return with_


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("out of\nluck\x1b[31m"), r"RuntimeError: out of\nluck\x1b[31m, unexpected"),
        (KeyError("issuers"), "KeyError: 'issuers', unexpected"),
        (RecursionError(), "RecursionError, unexpected"),
        (MemoryError(), "MemoryError, unexpected"),
        (OSError(28, "No space left on device", "x.json"), "OSError: [Errno 28] No space left on device: 'x.json', unexpected"),
        (ValueError("x" * 9999), "x" * 300),
    ],
)
def test_one_line_and_a_status_of_its_own(error, said, broken, mrv):
    broken(error)
    status, out, err = mrv(*SHOW)
    assert (status, out) == (70, "")
    (line,) = err.splitlines()
    assert line.startswith("error[internal]: ")
    assert said in line
    assert len(line) < 700
    assert "`mrv keys trust show`" in line
    assert "--traceback" in line
    assert "MRV_TRACEBACK=1" in line


def test_as_json(broken, mrv):
    broken(RuntimeError("out of luck"))
    status, out, err = mrv(*SHOW, "--json")
    assert (status, len(err.splitlines())) == (70, 1)
    told = json.loads(out)["error"]
    assert (told["code"], "out of luck" in told["message"], bool(told["hint"])) == ("internal", True, True)


@pytest.mark.parametrize(
    ("words", "variable", "shown"),
    [((), None, False), ((), "0", False), ((), "", False), (("--traceback",), None, True), ((), "1", True)],
)
def test_the_traceback_is_asked_for(words, variable, shown, broken, mrv, monkeypatch):
    broken(RuntimeError("out of luck"))
    if variable is not None:
        monkeypatch.setenv("MRV_TRACEBACK", variable)
    status, _, err = mrv(*SHOW, *words)
    assert status == 70
    assert ("Traceback (most recent call last)" in err, "load_trust" in err) == (shown, shown)
    assert err.splitlines()[-1].startswith("error[internal]: ")


def test_a_refusal_is_no_fault(broken, mrv):
    broken(UsageError("is wrong\nor not", code="usage.file", hint="mend it"))
    status, _, err = mrv(*SHOW, "--traceback")
    assert (status, err) == (2, "error[usage.file]: is wrong\\nor not\n  what to do: mend it\n")


def test_an_interrupt(broken, mrv):
    broken(KeyboardInterrupt())
    status, out, err = mrv(*SHOW)
    assert (status, out, err) == (130, "", "interrupted\n")  # nothing was fetched that could be kept


def test_an_interrupted_run_says_what_is_kept(mrv, monkeypatch):
    def load_signer(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("mrv.attest.keys.load_signer", load_signer)
    status, out, err = mrv("run", "project", "--key", "file:key.pem")
    assert (status, out) == (130, "")
    assert err.startswith("interrupted: what was fetched is kept")


@pytest.fixture
def key(tmp_path):
    assert main(["keys", "new", str(tmp_path / "key.pem")]) == 0
    return f"file:{tmp_path / 'key.pem'}"


def run(*words, **options):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-m", "mrv.cli", *words], env=environment, stderr=subprocess.PIPE, text=True, check=False, **options
    )


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_nobody_reads(words, key):
    """As before ``| head``: quiet, and neither success nor a verdict."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run("keys", "show", key, *words, stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_no_room_for_what_is_said(key, words):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with Path("/dev/full").open("w") as full:
        done = run("keys", "show", key, *words, stdout=full)
    assert done.returncode == 74
    (line,) = done.stderr.splitlines()
    assert line.startswith("error[output.lost]: standard output cannot be written: No space left on device; ")


def test_no_room_for_much_that_is_said():
    """More than a buffer holds: the write fails inside the verb, which is no fault of the program."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    code = (
        "import mrv.cli, mrv.cli.keys as k\n"
        "from mrv.cli.printing import say\n"
        "import mrv.attest.keys as a\n"
        "def load(*_): say('x' * 1_000_000)\n"
        "a.load_signer = load\n"
        "raise SystemExit(mrv.cli.main(['keys', 'show', 'file:k.pem']))"
    )
    with Path("/dev/full").open("w") as full:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, len(done.stderr.splitlines())) == (74, 1), done.stderr


@pytest.mark.parametrize("closed", [(1,), (1, 2), (2,)], ids=str)
def test_nothing_is_done_where_nothing_can_be_said(tmp_path, closed):
    """``mrv … >&-``: refused before anything is written, with a status that is no verdict; without stderr, quietly."""
    code = f"import os, sys; [os.close(n) for n in {closed}]\n"
    code += "os.execv(sys.executable, [sys.executable, '-m', 'mrv.cli', *sys.argv[1:]])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = ("keys", "new", str(tmp_path / "new.pem"))
    done = subprocess.run([sys.executable, "-c", code, *words], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == (74 if 1 in closed else 0)
    assert (tmp_path / "new.pem").exists() == (1 not in closed)
    assert done.stderr.startswith(
        "error[output.lost]: standard output cannot be written: it is closed" if 2 not in closed else ""
    )
    assert len(done.stderr.splitlines()) == (0 if 2 in closed else 1)
