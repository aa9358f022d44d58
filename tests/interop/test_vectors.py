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
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from support.javascript import answers

from mrv.attest import bitstring, credential, keys, p256, trust, verify

HERE = Path(__file__).parent / "vectors"
VECTORS = json.loads((HERE / "vectors.json").read_text(encoding="utf-8"))
KEYS = json.loads((HERE / "keys.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def make():
    """``make.py``, which finds its neighbours where a script does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE)
        spec = importlib.util.spec_from_file_location("make_vectors", HERE / "make.py")  # the samples have a make.py too
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


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


@pytest.mark.parametrize("name", KEYS)
def test_key(name):
    """Refused as it is read, and refused in a trust list."""
    text, code = KEYS[name]["publicKeyMultibase"], KEYS[name]["fails"]
    raw = json.loads((HERE / "trust.json").read_text(encoding="utf-8"))
    row = raw["issuers"][0]["keys"][0]
    p256 = code is None and len(keys.decode_multikey(text)) == 33
    row |= {"publicKeyMultibase": text, "suite": "ecdsa-jcs-2019" if p256 else "eddsa-jcs-2022"}
    if code is None:
        assert keys.encode_multikey(keys.decode_multikey(text)) == text
        assert trust.TrustList.of(raw).issuers[0].keys[0].public_key_multibase == text
        return
    for call, argument, wanted in ((keys.decode_multikey, text, code), (trust.TrustList.of, raw, "schema.value")):
        with pytest.raises(credential.AttestationError) as caught:
            call(argument)
        assert caught.value.error_code == wanted


def test_the_signatures_of_p_256_are_r_and_s_and_both_halves_are_there():
    values = {name: dict(VECTORS[name]["replace"]) for name in ("p256-valid", "p256-valid-high-s")}
    found = {}
    for name, pairs in values.items():
        (text,) = (after for after in pairs.values() if after.startswith('"proofValue"'))
        found[name] = keys.decode_base58(json.loads(f"{{{text}}}")["proofValue"])
    low, high = found.values()
    assert len(low) == len(high) == 64
    assert (low[:32], p256.low_s(low), p256.low_s(high)) == (high[:32], low, low)
    assert low != high


def test_node_says_the_same_of_the_signatures_of_p_256(make):
    """Each vector in which the signature alone decides, put to WebCrypto."""
    decided = {
        name: row for name, row in VECTORS.items()
        if row["trust"].startswith("trust-p256") and row["fails"] in ([], ["proof.valid"])
    }  # fmt: skip
    questions = []
    for row in decided.values():
        issuers = json.loads((HERE / row["trust"]).read_text(encoding="utf-8"))["issuers"]
        text = make.document_of(row).decode(row["encoding"])
        questions.append({"ask": "node and canonicalize", "text": text, "keys": issuers[0]["keys"]})
    found = dict(zip(decided, (one["verified"] for one in answers(*questions)), strict=True))
    assert found == {name: not row["fails"] for name, row in decided.items()}
    assert len(found) >= 15


def test_the_vectors_are_many_and_both_ways():
    fails = [row["fails"] for row in VECTORS.values()]
    assert len(fails) >= 105
    assert sum(not codes for codes in fails) >= 10
    assert sum(row["trust"].startswith("trust-p256") for row in VECTORS.values()) >= 20
    assert sum(row["fails"] is None for row in KEYS.values()) >= 3
    assert sum(row["fails"] is not None for row in KEYS.values()) >= 20
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
    try:
        ec.ECDSA(SHA256(), deterministic_signing=True)
    except UnsupportedAlgorithm:
        pytest.skip("OpenSSL before 3.2 makes no deterministic ECDSA signatures")
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
