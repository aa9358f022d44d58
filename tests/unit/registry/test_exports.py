"""Projections: each carries the digest, says whether it was checked, and fits the other's form."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bound import ASSET
from support.odd_files import fill_after

from mrv.errors import AttestationError, UsageError
from mrv.registry import attested, cadtrust, erc1155, exports
from mrv.registry.csv_cells import cell, uncell, write_csv
from mrv.registry.names import Names, load_names

URI = "https://example.org/a/attestation.json"
SERIALS = ("ACR-US-192-2020-203-1-2", "ACR-US-192-2021-203-3-4")
UUID = "055a3fbe-eabc-4535-b9cf-1028e7d18f89"
NAMES = Names(
    owner_account="ACC-1", verification_body="SCS Global Services", cadtrust_project=UUID, cadtrust_verification=UUID,
    cadtrust_methodology=UUID, cadtrust_location=UUID, cadtrust_issuance=UUID, unit_type="Removal - nature",
)  # fmt: skip


@pytest.fixture(scope="session")
def signed(whole):
    return whole(SERIALS)


@pytest.fixture(scope="session")
def taken(signed):
    return attested.by_check(signed.data, signed.checks())


def made(taken, to, **options):
    return exports.export(taken, to, **{"uri": URI, "names": NAMES, **options})


def test_only_what_holds_is_exported(signed, whole):
    checks = signed.checks()
    assert attested.by_check(signed.data, checks).checked
    for spoiled in (
        signed.checks(seed=2),
        signed.checks(asset=None),
        whole(("ACR-US-192-2020-203-1-1000000",)).checks(),
        [],
        [check for check in checks if check.code != "proof.valid"],
        whole().checks(),
    ):
        with pytest.raises(attested.CheckFailed) as caught:
            attested.by_check(signed.data, spoiled)
        assert caught.value.exit_status == 1
    with pytest.raises(AttestationError):
        attested.unchecked(b"{}")


@pytest.mark.parametrize("to", exports.FORMATS)
def test_every_form_carries_digest_and_address_and_says_if_nobody_checked(taken, signed, to):
    for source, warned in ((taken, False), (attested.unchecked(signed.data), True)):
        text = json.dumps(made(source, to), ensure_ascii=False)
        assert signed.digest in text
        assert URI in text
        assert (attested.UNCHECKED in text) is warned
        assert f'"checked": {json.dumps(not warned)}' in text
    rows = cadtrust.tables_csv(made(attested.unchecked(signed.data), "cadtrust"))
    assert all(attested.UNCHECKED in text for text in rows.values())


def matches(value, rule):
    """Whether a value fits an entry of the condensed field list."""
    if isinstance(rule, list):
        return value in rule
    if rule.startswith("array of string"):
        return isinstance(value, list) and value != [] and all(isinstance(item, str) for item in value)
    if rule.startswith("date"):
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    kinds = {"string": str, "number": (int, float), "boolean": bool}
    kind = rule.split()[0]
    return isinstance(value, kinds[kind]) and (kind == "boolean" or not isinstance(value, bool)) and value != ""


def faults(document, fields):
    """Every way in which a Verification_Metadata document misses CDOP's field list."""
    found = [f"lacks {name}" for name in fields["required"] if name.split(".")[1] not in document["verification"]]
    for name, value in document["verification"].items():
        if f"verification.{name}" in fields["fields"]:
            found += [] if matches(value, fields["fields"][f"verification.{name}"]) else [name]
            continue
        for item in value:
            rules = {part: fields["fields"].get(f"verification.{name}[].{part}") for part in item}
            found += [f"{name}.{part}" for part, rule in rules.items() if rule is None or not matches(item[part], rule)]
    return found


def test_cdop_verification_metadata(taken, shared_vectors):
    fields = json.loads((shared_vectors / "cdop/newer/verification_metadata.fields.json").read_text())
    example = json.loads((shared_vectors / "cdop/newer/verification_metadata.example.json").read_text())
    assert faults(example, fields) == [], "the validator knows CDOP's own example"
    document = made(taken, "cdop")["Verification_Metadata"]
    assert faults(document, fields) == []
    reading, s = document["verification"], taken.statement
    assert reading["quantity"][0]["verified_quantity"] == s.conclusion.creditable_t > 0
    assert reading["verification_buffer_pool_deduction_quantity"] == s.quantities.buffer_t
    assert reading["verification_credential_issuer_id"] == taken.issuer
    assert reading["identification"][0]["verification_id"] == f"urn:mrv:attestation:{taken.digest}"
    for spoil in (
        lambda v: v.pop("verification_report_url"),
        lambda v: v["quantity"][0].update(verified_quantity="1"),
        lambda v: v["identification"][0].update(verification_claim_type="Carbon"),
        lambda v: v.update(strange=[{"a": 1}]),
    ):
        copy = json.loads(json.dumps(document))
        spoil(copy["verification"])
        assert faults(copy, fields), "the validator refuses what is wrong"


def test_cdop_units_and_issuances(taken, shared_vectors):
    documents = made(taken, "cdop")
    for name, many in (("Unit_Description", documents["Unit_Description"]), ("Issuances", [documents["Issuances"]])):
        schema = json.loads((shared_vectors / f"cdop/json_schema/{name}.schema.json").read_text())
        validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
        for document in many:
            assert [error.message for error in validator.iter_errors(document)] == []
        if name == "Unit_Description":
            wrong = json.loads(json.dumps(many[0]))
            wrong["unit"]["credit_block"][0]["block_start"] = "1"
            assert list(validator.iter_errors(wrong))
    first, second = documents["Unit_Description"]
    assert first["unit"]["credit_block"] == [{"quantity": 2, "block_start": 1, "block_end": 2}]
    assert first["unit"]["descriptor"] == [{"metric": "tCO2e", "type": "ERT"}]
    assert second["vintage"]["vintage"] == "2021-01-01"
    assert documents["Issuances"]["issuance"]["issuance"][0]["batch_issued_volume"] == 4
    assert "Unit_Description" not in made(taken, "cdop", names=Names())


def test_the_program_holds_no_opinion(taken, whole):
    s = taken.statement
    assert s.conclusion.computed == "unmodified"
    reading = made(taken, "cdop")["Verification_Metadata"]["verification"]
    assert reading["verification_audit_checkpoint_status"].startswith("Pending review")
    adverse = whole(conclusion=s.conclusion.model_dump() | {"computed": "adverse", "creditable_t": 0})
    reading = made(attested.unchecked(adverse.data), "cdop")["Verification_Metadata"]["verification"]
    assert reading["verification_audit_checkpoint_status"].startswith("Fail")
    assert reading["quantity"][0]["verified_quantity"] == 0


def test_cadtrust_rows_have_its_columns_in_its_order(taken, shared_vectors):
    extract = json.loads((shared_vectors / "cadtrust-v2.0.2.extract.json").read_text())
    exported = made(taken, "cadtrust")
    assert list(exported["rows"]) == [t for t in extract["insert_order"] if t in exported["rows"]] == list(cadtrust.TABLES)
    for table, rows in exported["rows"].items():
        known = {column.split(" ")[0].rstrip("*"): "*" in column.split(" ")[0] for column in extract[table]}
        for row in rows:
            assert set(row) <= set(known)
            assert {name for name, needed in known.items() if needed} <= set(row), table
            assert all(isinstance(value, str) and value for value in row.values())
    for row, block in zip(exported["rows"]["unit"], taken.blocks(), strict=True):
        assert int(row["unitEndBlock"]) - int(row["unitStartBlock"]) + 1 == block.quantity_t


def test_cadtrust_invents_no_id(taken):
    assert made(taken, "cadtrust", names=Names())["rows"] == {}
    early = made(taken, "cadtrust", names=Names(verification_body="SCS", cadtrust_project=UUID))
    assert list(early["rows"]) == ["verification"]
    assert early["waiting"]["issuance"] == ["cadtrust_verification", "cadtrust_methodology", "cadtrust_location"]


def test_erc1155_names_both_ways(taken, signed, whole):
    value = made(taken, "erc1155")
    assert {check.status for check in erc1155.check_metadata(value, taken)} == {"holds"}
    other = attested.unchecked(whole(SERIALS, seed=2).data)
    failing = [check.code for check in erc1155.check_metadata(value, other) if check.status == "fails"]
    assert failing == ["token.digest"]
    value["properties"]["asset"] = ASSET.replace("/7", "/8")
    value["properties"]["quantity_kg_co2e"] = "999"
    failing = [check.code for check in erc1155.check_metadata(value, taken) if check.status == "fails"]
    assert failing == ["token.asset", "token.quantity"]
    for strange in (None, [], {}, {"properties": 7}, {"properties": {"attestation": []}}):
        assert all(check.status == "fails" for check in erc1155.check_metadata(strange, taken))
    for data in (b"", b"\xff", b"[" * 100_000, b" " * (2 << 20)):
        with pytest.raises(AttestationError) as caught:
            erc1155.read_metadata(data)
        assert caught.value.error_code == "token.metadata"


def test_a_token_of_a_simulated_project_says_so(taken):
    project = taken.statement.project
    assert project.simulated
    real = taken.statement.model_copy(update={"project": project.model_copy(update={"simulated": False})})
    assert "SIMULATED" not in json.dumps(made(replace(taken, statement=real), "erc1155"))
    for checked in (True, False):
        value = made(replace(taken, checked=checked), "erc1155")
        assert value["name"].startswith("SIMULATED project. ")
        assert "SIMULATED project. Verification attestation" in value["description"]
        assert value["description"].startswith("UNCHECKED") != checked


def test_a_public_address_may_hold_an_at_sign_in_its_path(taken):
    uri = "https://example.org/@me/a.json?by=me@example.org"
    assert made(taken, "erc1155", uri=uri)["properties"]["attestation"]["uri"] == uri


def token_checks(value, of):
    return {check.code: check.status for check in erc1155.check_metadata(value, of)}


def test_a_token_states_no_more_than_its_blocks(taken, whole):
    """Blocks of 4 t, more are creditable; a series, or no block, sets no bound."""
    assert taken.quantity_kg > 4000
    value = made(taken, "erc1155")
    assert value["properties"]["quantity_kg_co2e"] == "4000"
    value["properties"]["quantity_kg_co2e"] = str(taken.quantity_kg)
    assert token_checks(value, taken)["token.quantity"] == "fails"
    for serials in ((), ("ICR-ISL-354-78040-14-R-0-2021",)):
        free = attested.unchecked(whole(serials).data)
        assert erc1155.vouched_kg(free) == free.quantity_kg
    for kg in (3999, 4001):
        with pytest.raises(AttestationError) as caught:
            made(taken, "erc1155", quantity_kg=kg)
        assert (caught.value.error_code, caught.value.field) == ("export.quantity", "--quantity-kg")
    assert made(taken, "erc1155", quantity_kg=4000)["properties"]["quantity_kg_co2e"] == "4000"


def test_tokens_of_one_attestation_share_its_tonnes(whole):
    both = (ASSET, ASSET.replace("/7", "/8"))
    shared = attested.unchecked(whole(SERIALS, assets=both).data)
    for kg in (None, 4000, 4001, -1):
        with pytest.raises(AttestationError) as caught:
            made(shared, "erc1155", asset=ASSET, quantity_kg=kg)
        assert caught.value.error_code == "export.quantity"
        assert "4000 kg over 2 tokens together" in caught.value.message
    value = made(shared, "erc1155", asset=ASSET, quantity_kg=1500)
    told = value["properties"]
    assert (told["quantity_kg_co2e"], told["attested_kg_co2e"], told["shared_with"]) == ("1500", "4000", [both[1]])
    assert token_checks(value, shared) == {
        "token.digest": "holds", "token.asset": "holds", "token.quantity": "holds", "token.shared": "note",
    }  # fmt: skip
    for kg, quantity in (
        ("4000", "holds"), ("4001", "fails"), ("-1", "fails"), ("٣", "fails"), (1500, "fails"), ("9" * 5000, "fails"),
        ("01500", "fails"), (None, "fails"),
    ):  # fmt: skip
        told["quantity_kg_co2e"] = kg
        found = token_checks(value, shared)
        assert (found["token.quantity"], found["token.shared"]) == (quantity, "fails"), kg


def test_tokens_that_share_nothing_state_nothing(whole, monkeypatch):
    """Of an adverse conclusion no tonne is creditable."""
    shared = attested.unchecked(whole(assets=(ASSET, ASSET.replace("/7", "/8"))).data)
    monkeypatch.setattr(erc1155, "vouched_kg", lambda _: 0)
    value = made(shared, "erc1155", asset=ASSET, quantity_kg=0)
    assert token_checks(value, shared)["token.shared"] == "note"
    value["properties"]["quantity_kg_co2e"] = "1"
    assert (token_checks(value, shared)["token.quantity"], token_checks(value, shared)["token.shared"]) == ("fails", "fails")


def test_only_a_token_states_a_quantity(taken):
    for to in ("cdop", "cadtrust", "eas"):
        with pytest.raises(AttestationError) as caught:
            made(taken, to, quantity_kg=4000)
        assert caught.value.error_code == "export.quantity"


@pytest.mark.parametrize(
    ("assets", "asset"),
    [
        ((), None),
        ((ASSET, ASSET.replace("/7", "/8")), None),
        ((ASSET,), ASSET.replace("/7", "/8")),
        (("eip155:137/erc20:0x00000000000000000000000000000000000000aa",), None),
        (("hedera:mainnet/token:0.0.55492",), None),
    ],
    ids=["none", "which of two", "another", "no token id", "another chain"],
)
def test_a_token_that_is_not_meant(whole, assets, asset):
    with pytest.raises(AttestationError) as caught:
        made(attested.unchecked(whole(assets=assets).data), "erc1155", asset=asset)
    assert caught.value.error_code == "export.asset"


@pytest.mark.parametrize(
    "uri",
    [
        "https://me:secret@example.org/a", "https://me@example.org",
        "", "attestation.json", "file:///etc/passwd", "http://example.org/a", "javascript:alert(1)", "https://",
        "https://example.org/a b", 'https://example.org/"onload', "https://example.org/\n", "https://example.org/é",
        "data:text/html,x", "https://example.org/" + "a" * 3000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("to", exports.FORMATS)
def test_an_address_nobody_else_can_read(taken, to, uri):
    with pytest.raises(AttestationError) as caught:
        made(taken, to, uri=uri)
    assert caught.value.error_code == "export.uri"


def test_eas_says_kilograms_seconds_and_digest(taken):
    value = made(taken, "eas")["value"]
    s = taken.statement
    assert value["attestationDigest"] == "0x" + taken.digest.removeprefix("sha256:")
    assert value["quantityKg"] == str(1000 * s.conclusion.creditable_t)
    assert (s.period.start, s.period.end) == ("2020-01-01", "2021-12-31")
    assert (value["periodStart"], value["periodEnd"]) == ("1577836800", "1640995199")


SIGNS = "＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−‐‑‒–—―⸺﹘˗➕➖±∓×÷"
"""Other forms of = + - @, and what passes for them."""


@pytest.mark.parametrize("sign", SIGNS, ids=[f"U+{ord(sign):04X}" for sign in SIGNS])
def test_a_sign_by_another_name_is_no_formula(sign):
    for text in (sign, f"{sign}1", f"{sign}cmd|' /C calc'!A0", f"{sign}SUM(A1)"):
        assert cell(text) == "'" + text
        assert uncell(cell(text)) == text
        assert cell(f"a{text}") == f"a{text}"


@given(st.text(max_size=20) | st.tuples(st.sampled_from(SIGNS), st.text(max_size=5)).map("".join))
def test_a_cell_is_never_a_formula_and_reads_back(text):
    written = cell(text)
    assert uncell(written) == text
    assert written[:1] not in {"=", "+", "@", "\t", "\r", "\n", " ", *SIGNS}
    assert not written.startswith("-") or float(written) <= 0
    line = write_csv(["a", "b"], [[text, 7]])
    assert list(csv.reader(io.StringIO(line, newline="")))[1] == [written, "7"]


@pytest.mark.parametrize("text", ["Măgura", "森林", "(1)", "5 t", "№ 1", "€5", "Île d'Été", "a=b", "٣"])
def test_ordinary_text_is_left_as_it_is(text):
    assert cell(text) == text


@pytest.mark.parametrize("number", ["0", "-1", "-0.5", "12", "-12.50", "1000000"])
def test_negative_numbers_stay_numbers(number):
    assert cell(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "-", "--1", "-1+1", "-1e5", "+1", "-01", "-.5", "-1\n", "=1", "@SUM(A1)", "\t=1", "\r=1", " =1", "'=1", "－1",
        "-1,5", "-cmd|' /C",
    ],
)  # fmt: skip
def test_what_only_begins_like_a_number_is_text(text):
    assert cell(text) == "'" + text


def test_files_are_written_whole(taken, tmp_path):
    for to in exports.FORMATS:
        files = exports.write(made(taken, to), to, tmp_path / to)
        assert files[0].name == f"{to}.json"
        assert json.loads(files[0].read_text()) == made(taken, to)
    assert {path.name for path in (tmp_path / "cadtrust").iterdir()} == {
        "cadtrust.json", "verification.csv", "issuance.csv", "unit.csv",
    }  # fmt: skip
    (tmp_path / "file").write_text("")
    with pytest.raises(AttestationError) as caught:
        exports.write({}, "eas", tmp_path / "file")
    assert caught.value.error_code == "file.unwritable"
    with pytest.raises(AttestationError) as caught:
        made(taken, "verra")
    assert caught.value.error_code == "export.form"


def test_a_disk_that_is_full_leaves_nothing_half_written(taken, tmp_path, monkeypatch):
    exports.write(made(taken, "eas"), "eas", tmp_path)
    before = (tmp_path / "eas.json").read_bytes()
    with monkeypatch.context() as full:
        fill_after(full, 10)
        with pytest.raises(AttestationError) as caught:
            exports.write(made(taken, "eas"), "eas", tmp_path)
    assert (caught.value.error_code, bool(caught.value.hint)) == ("file.unwritable", True)
    assert [path.name for path in tmp_path.iterdir()] == ["eas.json"]
    assert (tmp_path / "eas.json").read_bytes() == before


@pytest.mark.parametrize(
    "text", ["owner = 'x'", "unit_type = 7", "cadtrust_project = '1'", "body_name = ''", 'body_name = "a\\nb"', "= 7", "\x00"]
)
def test_names_are_closed(tmp_path, text):
    path = tmp_path / "names.toml"
    path.write_text(text)
    for place in (path, tmp_path / "none.toml"):
        with pytest.raises(UsageError) as caught:
            load_names(place)
        assert caught.value.error_code == "export.names"
    path.write_text('owner_account = "ACC-1"\n')
    assert load_names(path) == Names(owner_account="ACC-1")
