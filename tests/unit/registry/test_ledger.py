"""What was attested before: units, and area × period."""

from __future__ import annotations

import json

import pytest
from support.bound import ASSET, bound, box, signer

from mrv.attest.trust import TrustList, trust_for
from mrv.errors import AttestationError
from mrv.registry.ledger import Ledger, append, bound_kg, check_ledger, entry_of, load_ledger

FIRST, NEXT = "ACR-US-192-2010-203-1-50", "ACR-US-192-2010-203-51-100"


def trust(*seeds):
    issuers = [trust_for(signer(seed), now="2026-01-01T00:00:00Z").model_dump(mode="json")["issuers"][0] for seed in seeds]
    return TrustList.of({"version": 1, "previous": None, "issuers": issuers})


@pytest.fixture
def ask(tmp_path):
    """Failing codes of one attestation against others, evidence at hand unless told."""
    places = iter(range(1000))

    def evidence(one):
        return one.write(tmp_path / str(next(places)))

    def run(mine, *others, known=True):
        ledger = Ledger(tuple(entry_of(o.document, evidence(o) if known else None) for o in others))
        checks = check_ledger(mine.document, ledger, evidence(mine) if known else None)
        assert [check.code for check in checks][:3] == ["ledger.serials", "ledger.area", "ledger.current"]
        return [check.code for check in checks if check.status != "holds"]

    return run


def test_nothing_before(ask):
    assert ask(bound(serials=[FIRST])) == ["ledger.empty"], "perhaps a mistyped path"
    one = bound(serials=[FIRST])
    assert ask(one, one) == [], "an attestation does not repeat itself"


def test_units_attested_before(ask):
    elsewhere = {"ring": box(50, 50), "project": "other"}
    assert ask(bound(serials=[NEXT]), bound(serials=[FIRST], **elsewhere)) == []
    assert ask(bound(serials=["ACR-US-192-2010-203-50-60"]), bound(serials=[FIRST], **elsewhere)) == ["ledger.serials"]
    assert ask(bound(serials=["ACR-US-192-2010-203-10 to 20"]), bound(serials=[FIRST], **elsewhere)) == ["ledger.serials"]
    assert ask(bound(serials=["nobody's"]), bound(**elsewhere)) == ["ledger.serials"]
    assert ask(bound(serials=[NEXT]), bound(serials=["nobody's"], **elsewhere)) == ["ledger.serials"]


def test_area_and_time_attested_before(ask):
    assert ask(bound(), bound(ring=box(0.5, 0.5), project="other")) == ["ledger.area"]
    assert ask(bound(), bound(ring=box(1, 0), project="neighbour")) == []
    assert ask(bound(), bound(start="2011-01-01", end="2011-12-31")) == []
    assert ask(bound(), bound(start="2010-12-31", end="2011-12-31")) == ["ledger.area"], "one day in both"
    assert ask(bound(start="2005-01-01"), bound(start="2007-01-01", end="2007-01-01")) == ["ledger.area"]


def test_without_boundaries_only_the_same_file_and_another_time_are_known(ask):
    assert ask(bound(), bound(ring=box(9, 9)), known=False) == ["ledger.area"], "unknown is failure"
    assert ask(bound(), bound(serials=[FIRST]), known=False) == ["ledger.area"]
    assert ask(bound(), bound(ring=box(9, 9), start="2011-01-01", end="2011-12-31"), known=False) == []


def test_only_its_issuer_supersedes_an_attestation(ask):
    old = bound(serials=[FIRST])
    assert ask(bound(serials=[FIRST], supersedes=[old.digest]), old) == []
    assert ask(bound(serials=[FIRST], supersedes=[old.digest], seed=2), old) == ["ledger.serials", "ledger.area"]
    assert ask(old, bound(ring=box(9, 9), supersedes=[old.digest])) == ["ledger.current"]
    assert ask(old, bound(ring=box(9, 9), supersedes=[old.digest], seed=2)) == []


def test_what_was_superseded_in_the_ledger_bars_nobody(ask):
    first = bound(serials=[FIRST])
    second = bound(serials=[FIRST], supersedes=[first.digest], creditable=90)
    assert ask(bound(serials=[FIRST], supersedes=[second.digest], creditable=80), first, second) == []
    strange = bound(ring=box(9, 9), supersedes=[first.digest], seed=2)
    assert ask(bound(serials=[FIRST], seed=3), first, strange) == ["ledger.serials", "ledger.area"]


def test_what_another_writer_added_meanwhile_is_asked_again(tmp_path):
    path, one, twin = tmp_path / "ledger.jsonl", bound(serials=[FIRST]), bound(serials=[FIRST], creditable=99)
    assert append(path, entry_of(one.document))
    before = path.read_bytes()
    with pytest.raises(AttestationError, match=r"ledger\.serials") as caught:
        append(path, entry_of(twin.document), again=lambda held: check_ledger(twin.document, held))
    assert (caught.value.error_code, path.read_bytes()) == ("ledger.counted", before)
    other = bound(ring=box(9, 9), start="2011-01-01", end="2011-12-31")
    assert append(path, entry_of(other.document), again=lambda held: check_ledger(other.document, held))


def test_a_line_that_is_not_whole_says_what_to_do(tmp_path):
    path = tmp_path / "ledger.jsonl"
    append(path, entry_of(bound().document))
    with path.open("ab") as file:
        file.write(b'{"schema":')
    with pytest.raises(AttestationError) as caught:
        append(path, entry_of(bound(ring=box(9, 9)).document))
    assert (caught.value.field.startswith("line 2"), "take it out" in caught.value.hint) == (True, True)


def test_an_asset_bound_elsewhere_is_told(ask):
    assert ask(bound(assets=[ASSET]), bound(assets=[ASSET], ring=box(9, 9))) == ["ledger.assets"]


def test_a_file_grows_by_one_line(tmp_path):
    path, one, two = tmp_path / "ledger.jsonl", bound(serials=[FIRST]), bound(ring=box(0.1, 2))
    evidence = two.write(tmp_path / "two")
    assert append(path, entry_of(one.document))
    assert append(path, entry_of(two.document, evidence))
    assert not append(path, entry_of(two.document))
    before = path.read_bytes()
    assert before.count(b"\n") == 2
    path.write_bytes(before[:-1])
    assert append(path, entry_of(bound(ring=box(3, 3)).document))
    ledger = load_ledger(path, trust=trust(1))
    assert [entry.attestation for entry in ledger.entries][:2] == [one.digest, two.digest]
    assert ledger.entries[1] == entry_of(two.document, evidence)
    assert ledger.entries[0].rings is None
    assert ledger.entries[1].rings[0][0] == ("0.1", "2")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda line: line[:-5], "json.syntax"),
        (lambda line: line.replace(b"mrv.ledger/1", b"mrv.ledger/2"), "schema.value"),
        (lambda line: line.replace(b'"start"', b'"begin"'), "schema.missing"),
        (lambda line: line.replace(b'"creditableT":100', b'"creditableT":100.0'), "json.float"),
        (lambda line: line.replace(b'"creditableT":100', b'"creditableT":-1'), "schema.value"),
        (lambda line: line.replace(b'"project"', b'"issuer":"did:x:y","project"'), "json.duplicate"),
        (lambda line: line.replace(b'[["0","0"],', b'[["9","0"],'), "footprint.invalid"),
        (lambda line: b"\n" + line, "json.syntax"),
        (lambda line: line.replace(b'"serials":["', '"serials":["１'.encode()), "schema.value"),
    ],
    ids=["cut", "version", "missing", "float", "negative", "duplicate", "open ring", "an empty line", "full-width digit"],
)
def test_a_spoiled_line_is_refused_by_its_number(tmp_path, change, code):
    path, one = tmp_path / "ledger.jsonl", bound(serials=[FIRST])
    append(path, entry_of(one.document, one.write(tmp_path / "one")))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(AttestationError) as caught:
        load_ledger(path, trust=trust(1))
    assert caught.value.error_code == code
    assert caught.value.field.startswith("line 1")
    with pytest.raises(AttestationError):
        append(path, entry_of(bound(ring=box(7, 7)).document))


def test_a_folder_of_attestations(tmp_path, ask):
    one, two = bound(serials=[FIRST]), bound(ring=box(5, 5), serials=[NEXT])
    one.write(tmp_path / "seen" / "one")
    (tmp_path / "seen" / "two.json").write_bytes(two.data)
    ledger = load_ledger(tmp_path / "seen", trust=trust(1))
    assert {entry.attestation for entry in ledger.entries} == {one.digest, two.digest}
    assert sum(entry.rings is not None for entry in ledger.entries) == 1
    mine = bound(serials=["ACR-US-192-2010-203-7-7"], ring=box(8, 8), start="2012-01-01", end="2012-12-31")
    assert [c.code for c in check_ledger(mine.document, ledger) if c.status == "fails"] == ["ledger.serials"]


def test_a_folder_takes_no_stranger_s_word(tmp_path):
    """Else a stranger's file, claiming the same units, bars an honest attestation."""
    (tmp_path / "x.json").write_bytes(bound(serials=[FIRST], seed=2).data)
    with pytest.raises(AttestationError) as caught:
        load_ledger(tmp_path, trust=trust(1))
    assert caught.value.error_code == "ledger.proof"
    spoiled = json.loads(bound(serials=[FIRST]).data)
    spoiled["credentialSubject"]["binding"]["serials"] = [NEXT]
    (tmp_path / "x.json").write_text(json.dumps(spoiled))
    with pytest.raises(AttestationError) as caught:
        load_ledger(tmp_path, trust=trust(1))
    assert caught.value.error_code == "proof.invalid"


def test_what_cannot_be_read_or_written(tmp_path):
    with pytest.raises(AttestationError) as caught:
        load_ledger(tmp_path / "none", trust=trust(1))
    assert caught.value.error_code == "ledger.unreadable"
    with pytest.raises(AttestationError) as caught:
        append(tmp_path, entry_of(bound().document))
    assert caught.value.error_code == "ledger.unwritable"


def test_another_boundary_than_attested_is_refused(tmp_path):
    one = bound()
    evidence = one.write(tmp_path / "one")
    (evidence / "boundary.geojson").write_bytes(one.boundary + b" ")
    for code in ("footprint.digest",):
        (check,) = check_ledger(one.document, Ledger(()), evidence)
        assert (check.code, check.status) == (code, "fails")
    (evidence / "boundary.geojson").unlink()
    (check,) = check_ledger(one.document, Ledger(()), evidence)
    assert (check.code, check.status) == ("footprint.digest", "fails")


def test_a_statement_without_area_is_refused():
    (check,) = check_ledger(bound(statement={"project": {}}).document, Ledger(()))
    assert (check.code, check.status) == ("ledger.statement", "fails")


def test_what_could_not_be_read_again_is_not_written(tmp_path):
    ring = [[n / 100_000, n * n / 10**10] for n in range(9_000)]
    wide = bound(ring=[*ring, [0.9, -0.9], ring[0]], statement={})
    entry = entry_of(wide.document, wide.write(tmp_path / "wide"))

    def padded(text):
        return text if "." not in text else text.ljust(text.index(".") + 21, "0")

    rings = tuple(tuple((padded(x), padded(y)) for x, y in ring) for ring in entry.rings)
    long = entry.model_copy(update={"rings": rings * 3})
    with pytest.raises(AttestationError) as caught:
        append(tmp_path / "ledger.jsonl", long)
    assert caught.value.error_code == "json.size"
    assert append(tmp_path / "ledger.jsonl", entry)
    assert load_ledger(tmp_path / "ledger.jsonl", trust=trust(1)).entries == (entry,)


def test_what_stands_behind_a_token():
    """Several periods may be bound to one token; what was superseded counts no more, what a stranger supersedes does."""
    later = {"start": "2011-01-01", "end": "2011-12-31", "assets": [ASSET]}
    old, mine = bound(assets=[ASSET], creditable=70), bound(assets=[ASSET], creditable=100)
    entries = [entry_of(one.document) for one in (old, mine, bound(creditable=9), bound(creditable=50, **later))]
    assert bound_kg(Ledger(()), ASSET, entry_of(mine.document)) == 100_000
    assert bound_kg(Ledger(tuple(entries)), ASSET, entry_of(mine.document)) == 220_000
    newer = entry_of(bound(assets=[ASSET], creditable=60, supersedes=[old.digest]).document)
    assert bound_kg(Ledger((*entries, newer)), ASSET, entry_of(mine.document)) == 210_000
    strange = entry_of(bound(creditable=1, supersedes=[old.digest], seed=2).document)
    assert bound_kg(Ledger((*entries, strange)), ASSET, entry_of(mine.document)) == 220_000
