"""What the source itself shows: every refusal names a remedy, and every file that somebody names has one reader."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mrv
from mrv import errors

ROOT = Path(mrv.__file__).parent
ROOMS = ("attest", "registry", "cli")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
BASES = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.MRVError)}
NO_REMEDY: dict[str, str] = {}
"""``module: error code`` of a refusal that nobody can do anything about, and why; none so far."""
READERS = {
    "attest/credential.py: read_bytes": "a file of this package",
    "attest/countersignature.py: read_bytes": "a file of this package",
    "attest/durable.py: open": "writes a new file, and syncs a folder",
    "attest/log/durable.py: open": "writes a new file, and the lock",
    "attest/signers/local.py: open": "writes a new file",
    "attest/signers/pkcs11.py: open": "a session of a token",
    "attest/bundle.py: open": "writes a new file",
    "cli/__init__.py: open": "the null device, after a broken pipe",
}


def called(node: ast.AST) -> str:
    """The name that is called: of ``a.b(…)`` it is ``b``."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def kinds() -> set[str]:
    """Names of every class of refusal, those that the rooms add with it."""
    classes = [
        (node.name, {getattr(base, "id", None) for base in node.bases})
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    ]
    found: set[str] = set()
    while found != (more := found | BASES | {name for name, bases in classes if bases & (found | BASES)}):
        found = more
    return found


def without_remedy(source: str, names: set[str]) -> list[str]:
    """Codes of the refusals in a module that carry no remedy, or perhaps none."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if called(node) not in names:
            continue
        given = {word.arg: word.value for word in node.keywords}
        empty = "hint" not in given or any(isinstance(n, ast.Constant) and not n.value for n in ast.walk(given["hint"]))
        if empty:
            found.append(ast.unparse(given["code"]) if "code" in given else f"line {node.lineno}")
    return found


def test_every_refusal_names_a_remedy():
    names = kinds()
    assert {"AttestationError", "ChainError", "SerialError", "LogError", "UsageError"} <= names
    found = [
        f"{path.relative_to(ROOT).as_posix()}: {code}" for path in MODULES for code in without_remedy(path.read_text(), names)
    ]
    assert [place for place in found if place not in NO_REMEDY] == []
    assert set(NO_REMEDY) <= set(found), "an exception that is none any more"


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ("raise UsageError('a', code='b', hint='c')", []),
        ("raise UsageError('a', code='b')", ["'b'"]),
        ("raise UsageError('a')", ["line 1"]),
        ("raise UsageError('a', code='b', hint=None)", ["'b'"]),
        ("raise UsageError('a', code='b', hint='')", ["'b'"]),
        ("raise UsageError('a', code='b', hint='c' if d else None)", ["'b'"]),
        ("faults.append(errors.UsageError('a', code='b'))", ["'b'"]),
        ("raise ValueError('a')", []),
    ],
)
def test_the_walk_sees_what_it_is_for(source, codes):
    assert without_remedy(source, BASES) == codes


def test_one_reader_of_files():
    found = {
        f"{path.relative_to(ROOT).as_posix()}: {called(node)}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if called(node) in {"open", "read_bytes", "read_text"}
    }
    assert found == set(READERS)
