"""The closed shape, and the JSON Schema that says the same to other languages."""

from __future__ import annotations

import copy
import json

import jsonschema
import pytest
from support.refusals import refusal as refused_by

from mrv.attest import credential, proof, strict_json
from mrv.errors import AttestationError


def encoded(document):
    return json.dumps(document).encode()


def refusal(document):
    return refused_by(credential.parse, encoded(document))


def test_build(unsigned, parts, signer):
    assert unsigned["@context"] == list(credential.CONTEXT)
    assert unsigned["type"] == ["VerifiableCredential", "MRVAttestation"]
    assert unsigned["issuer"] == signer.issuer
    subject = unsigned["credentialSubject"]
    assert subject["id"] == "urn:mrv:" + strict_json.digest(parts["statement"])
    assert "validUntil" not in unsigned
    parts["statement"]["kg"] = 0
    parts["binding"]["assets"].clear()
    assert subject["statement"]["kg"] == 2**53 - 1
    assert subject["binding"]["assets"]


def test_round_trip(signed):
    assert credential.parse(encoded(signed)) == signed
    assert credential.parse(credential.encode(signed)) == signed
    assert credential.parse(strict_json.canonical(signed)) == signed


def test_identity_ignores_the_proof(unsigned, signed, other):
    digest = credential.attestation_digest(unsigned)
    assert credential.attestation_digest(signed) == digest
    assert credential.attestation_digest(proof.sign(unsigned, other, "2026-02-02T00:00:00Z")) == digest
    assert credential.attestation_digest({**unsigned, "issuer": other.issuer}) != digest


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("statement", {"kg": 0.5}),
        ("statement", {"kg": 2**53}),
        ("statement", {"e\u0301": 1}),
        ("statement", {"deep": json.loads("[" * 22 + "]" * 22)}),
        ("binding", {"supersedes": [], "assets": []}),
        ("materials", [{"path": "a"}]),
        ("provenance", {}),
        ("valid_from", "yesterday"),
        ("valid_until", "2026-02-01T00:00:00Z"),
        ("credential_status", []),
    ],
)
def test_build_refuses_what_parse_would(parts, signer, part, value):
    with pytest.raises(AttestationError) as error:
        credential.build(issuer=signer.issuer, **{**parts, part: value})
    assert error.value.error_code.partition(".")[0] in {"json", "schema"}


def test_optional_members(parts, signer):
    entry = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": "https://example.org/status/1",
    }
    document = credential.build(issuer=signer.issuer, **parts, valid_until="2027-01-01T00:00:00Z", credential_status=[entry])
    document["id"] = "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33"
    signed = proof.sign(document, signer, "2026-02-01T00:00:00Z")
    assert credential.parse(encoded(signed)) == signed
    validator().validate(signed)
    for spoiled in (
        [entry, entry],
        [{**entry, "statusListIndex": 7}],
        [{**entry, "statusListIndex": "07"}],
        entry,
        None,
    ):
        assert refusal({**signed, "credentialStatus": spoiled}).error_code.startswith("schema.")


@pytest.mark.parametrize("member", ["id", "validUntil", "credentialStatus"])
@pytest.mark.parametrize("value", [None, "", []])
def test_absent_is_absent(signed, member, value):
    assert refusal({**signed, member: value}).error_code.startswith("schema.")


@pytest.mark.parametrize(
    "path",
    [
        "../a.tif", "a/../b.tif", "/etc/passwd", "a//b", "./a", "a/.", ".hidden", "a/.b", "a\\b", "C:a", "a b", "",
        "a.vrt", "x/A.VRT", "a\n", "a/", "ａ.tif", "~/a", "a%2e", "a:b", "-rf", "a\u0000",
    ],
)  # fmt: skip
def test_paths(signed, path):
    signed["credentialSubject"]["materials"][0]["path"] = path
    error = refusal(signed)
    assert error.error_code == "schema.value"
    assert error.field == "credentialSubject.materials.0.path"


def test_paths_are_distinct_even_where_case_is_not(signed):
    materials = signed["credentialSubject"]["materials"]
    materials.append({**materials[1], "path": materials[1]["path"].upper()})
    assert refusal(signed).error_code == "schema.value"


@pytest.mark.parametrize(
    "asset",
    [
        "eip155:137/erc1155:0x00000000000000000000000000000000000000AA/7",
        "eip155:137/erc1155:0x00000000000000000000000000000000000000aa/07",
        "eip155:137/erc1155:0x00000000000000000000000000000000000000aa/７",
        "not an asset",
    ],
)
def test_assets_are_in_the_spelling_that_is_signed(signed, asset):
    signed["credentialSubject"]["binding"]["assets"] = [asset]
    assert refusal(signed).field == "credentialSubject.binding.assets.0"


@pytest.mark.parametrize("serial", ["", " A-1", "A-1 ", "A-１", "A\t1", "A" * 300])
def test_serials_are_printable_ascii(signed, serial):
    signed["credentialSubject"]["binding"]["serials"] = [serial]
    assert refusal(signed).error_code == "schema.value"


def test_first_fault_is_named(signed):
    signed["credentialSubject"]["materials"][1]["surprise"] = 1
    error = refusal(signed)
    assert error.error_code == "schema.extra"
    assert error.field == "credentialSubject.materials.1.surprise"
    del signed["proof"]
    assert "(and 1 more)" in refusal(signed).message


@pytest.mark.parametrize("document", [[], 1, "x", None, {}])
def test_not_a_credential(document):
    assert refusal(document).error_code.startswith("schema.")


def test_encode_refuses_what_a_verifier_would(signed):
    signed["credentialSubject"]["statement"]["long"] = "x" * strict_json.MAX_BYTES
    with pytest.raises(AttestationError) as error:
        credential.encode(signed)
    assert error.value.error_code == "json.size"


def test_context_document_defines_every_term_of_ours():
    terms = credential.context_document()["@context"]["MRVAttestation"]["@context"]
    assert {"statement", "binding", "materials", "provenance"} <= set(terms)


def validator():
    return jsonschema.Draft202012Validator(credential.json_schema())


def places(value, path=()):
    """Every place in the document, but inside the statement, which the schema leaves open."""
    yield path
    if path[-1:] == ("statement",):
        return
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*path, key))


def mutations(document):
    """Each place removed, retyped, respelled, and each object given a stranger."""
    for path in places(document):
        if path:
            spoiled, holder = _copy(document, path[:-1])
            del holder[path[-1]]
            yield path, "removed", spoiled
        for value in (None, True, 0, -1, "", "x", "z" * 90, "1", [], ["x"], [1], {}, {"x": "y"}, {"x": 1}):
            if path:
                spoiled, holder = _copy(document, path[:-1])
                holder[path[-1]] = value
                yield path, f"set to {value!r}", spoiled
        spoiled, holder = _copy(document, path)
        if isinstance(holder, dict):
            holder["stranger"] = "x"
        elif isinstance(holder, list):
            holder.append(1)
        yield path, "given a stranger", spoiled


def _copy(document, path):
    spoiled = holder = copy.deepcopy(document)
    for key in path:
        holder = holder[key]
    return spoiled, holder


def accepts(document):
    try:
        credential.parse(encoded(document))
    except AttestationError:
        return False
    return True


def test_json_schema_agrees_with_the_models(signed):
    check = validator()
    check.check_schema(check.schema)
    check.validate(signed)
    counts = {True: 0, False: 0}
    for path, change, spoiled in mutations(signed):
        accepted = accepts(spoiled)
        # The one shape a pattern cannot say is a canonical asset name.
        if path[2:3] == ("assets",) or (path[-1:] == ("binding",) and "set" in change):
            assert accepted <= check.is_valid(spoiled), (path, change)
        else:
            assert accepted == check.is_valid(spoiled), (path, change)
        counts[accepted] += 1
    assert counts[False] > 600


def test_every_object_of_the_schema_is_closed():
    schema = credential.json_schema()
    for name, definition in {**schema["$defs"], "top": schema}.items():
        if "properties" in definition:
            assert definition["additionalProperties"] is False, name


GENESIS = "0x" + "ab" * 32


def test_networks_are_optional_and_signed(parts, signer):
    """A chain id that others use too is told apart by its genesis."""
    absent = credential.build(issuer=signer.issuer, **parts)
    assert "networks" not in absent["credentialSubject"]["binding"]
    parts["binding"]["networks"] = [{"chain": "eip155:137", "genesis": GENESIS}]
    given = credential.build(issuer=signer.issuer, **parts)
    assert credential.attestation_digest(given) != credential.attestation_digest(absent)


@pytest.mark.parametrize(
    "networks",
    [
        [], [{"chain": "eip155:137"}], [{"chain": "eip155:0137", "genesis": GENESIS}], [{"chain": "137", "genesis": GENESIS}],
        [{"chain": "eip155:137", "genesis": GENESIS.upper()}], [{"chain": "eip155:137", "genesis": GENESIS, "name": "x"}],
        [{"chain": "eip155:137", "genesis": GENESIS}, {"chain": "eip155:137", "genesis": "0x" + "00" * 32}],
        [{"chain": f"eip155:{n}", "genesis": GENESIS} for n in range(17)],
    ],
    ids=["empty", "no genesis", "padded", "no namespace", "upper case", "a stranger", "two for one chain", "too many"],
)  # fmt: skip
def test_networks_that_say_nothing_are_refused(parts, signer, networks):
    parts["binding"]["networks"] = networks
    with pytest.raises(AttestationError) as caught:
        credential.build(issuer=signer.issuer, **parts)
    assert caught.value.error_code.startswith("schema.")
