"""The vectors that other implementers get: each gives the code it names, and ``make.py`` writes the same again."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from mrv.attest import bitstring, credential, trust, verify

HERE = Path(__file__).parent / "vectors"
VECTORS = json.loads((HERE / "vectors.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def make():
    spec = importlib.util.spec_from_file_location("make_vectors", HERE / "make.py")
    module = importlib.util.module_from_spec(spec)
    path = list(sys.path)
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = path


def checks_of(make, row):
    trusted = trust.load_trust(HERE / row["trust"])
    folder = None if row["status"] is None else HERE / row["status"]
    return verify.check(make.document_of(row), trust=trusted, now=row["now"], asset=row["asset"], evidence=None, status=folder)


@pytest.mark.parametrize("name", VECTORS)
def test_vector(make, name):
    found = checks_of(make, VECTORS[name])
    assert [check.code for check in found if check.status == "fails"] == VECTORS[name]["fails"]
    if not VECTORS[name]["fails"]:
        assert sum(check.status == "holds" for check in found) > 20


def test_the_vectors_are_many_and_both_ways():
    fails = [row["fails"] for row in VECTORS.values()]
    assert len(fails) >= 75
    assert sum(not codes for codes in fails) >= 7
    assert len({code for codes in fails for code in codes}) >= 37
    assert f"{len(VECTORS)} questions" in (HERE / "README.md").read_text(encoding="utf-8")


def plain(value):
    """A document without what a compressor may spell otherwise: the bits in place of the text, no proof of it."""
    if isinstance(value, dict) and value.get("type") == ["VerifiableCredential", "BitstringStatusListCredential"]:
        bare = json.loads(json.dumps(value))
        text = bare["credentialSubject"].pop("encodedList")
        bare["proof"].pop("proofValue")
        try:
            return bare, bitstring.unpack(text)
        except credential.AttestationError as error:
            return bare, error.error_code
    return value


def test_made_again_they_are_the_same(make):
    files = make.build(make.held())
    lying = {path.relative_to(HERE).as_posix() for path in HERE.rglob("*.json")}
    assert set(files) == lying
    for name, value in files.items():
        text = (HERE / name).read_text(encoding="utf-8")
        assert plain(text if isinstance(value, str) else json.loads(text)) == plain(value), name


def test_the_documents_can_be_written_out(make, tmp_path):
    subprocess.run(
        [sys.executable, HERE / "make.py", "--write-out", tmp_path], check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert {path.stem for path in tmp_path.iterdir()} == set(VECTORS)
    assert all((tmp_path / f"{name}.json").read_bytes() == make.document_of(row) for name, row in VECTORS.items())


@pytest.mark.parametrize("name", ["attestation.schema.json", "statement.schema.json"])
def test_the_published_schema_is_the_code_s(make, name):
    """``make.py`` writes it again where the shape was changed on purpose."""
    schema = json.loads((make.DOCS / name).read_text(encoding="utf-8"))
    assert schema == make.schemas()[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for vector, row in VECTORS.items():
        if not any(code.partition(".")[0] in {"json", "schema"} for code in row["fails"]):
            document = json.loads(make.document_of(row))
            value = document if name.startswith("attestation") else document["credentialSubject"]["statement"]
            assert validator.is_valid(value), vector


def test_the_page_names_every_code(make):
    """``docs/predicate.md`` has each code that the vectors name, and each that the verifier's modules write."""
    page = (make.DOCS / "predicate.md").read_text(encoding="utf-8")
    rooms = Path(credential.__file__).parent
    written = set()
    for module in ("strict_json", "verify", "status", "status_list", "bitstring"):
        text = (rooms / f"{module}.py").read_text(encoding="utf-8")
        written |= set(
            re.findall(r'"((?:json|schema|status|issuer|key|proof|validity|subject|binding|evidence)\.[a-z0-9-]+)"', text)
        )
    named = {code for row in VECTORS.values() for code in row["fails"]}
    internal = {"json.type", "json.canonical"}  # of values made in memory, which no text can hold
    assert len(written) > 30
    assert {code for code in (written | named) - internal if f"`{code}`" not in page} == set()
