"""Serial blocks as registries write them, and as nobody may.

Sources of the examples: help.cloverly.com/knowledge/registry-serial-number-ranges (Verra, CAR, ACR); stored retirement
records of Verra (APX, Markit and own numbering), CAR and ACR in public repositories; docs.api.puro.earth; the UNDP National
Carbon Registry's "Serial Number Generation"; Carbonmark's purchase model (ICR); a token of EcoRegistry's on Hedera.
"""

from __future__ import annotations

import re

import pytest

from mrv.registry.grammars import GRAMMARS
from mrv.registry.serials import SerialError, clashes, parse

UUID = "055a3fbe-eabc-4535-b9cf-1028e7d18f89"
VERRA = "15312-681393912-681394011-VCS-VCU-208-VER-CA-3-929-01012018-31122018-0"

REAL = [
    (VERRA, "verra/VER", 681393912, 681394011, 100, (2018, 2018), "929"),
    ("13557-513004457-513073958-VCS-VCU-1289-VER-TZ-1-2366-16042021-15102021-0", "verra/VER", 513004457, 513073958, 69502,
     (2021, 2021), "2366"),
    ("11158-289118799-289118805-VCS-VCU-263-VER-KH-14-1748-01012019-31122019-1", "verra/VER", 289118799, 289118805, 7,
     (2019, 2019), "1748"),
    ("9660-115597313-115618057-VCS-VCU-261-VER-US-14-1060-01012019-31122019-0", "verra/VER", 115597313, 115618057, 20745,
     (2019, 2019), "1060"),
    ("8040-449402275-449402275-VCU-042-MER-PE-14-1360-01072013-30062014-1", "verra/MER", 449402275, 449402275, 1,
     (2013, 2014), "1360"),
    ("CAR-1-US-293-1-120-CA-2006-102-1 to 29251", "car/293/102", 1, 29251, 29251, (2006, 2006), "293"),
    ("CAR-1-US-1480-46-1156-FL-2026-10272-852724 to 860723", "car/1480/10272", 852724, 860723, 8000, (2026, 2026), "1480"),
    ("ACR-US-192-2010-203-1-5000", "acr/192/203", 1, 5000, 5000, (2010, 2010), "192"),
    ("ACR-US-934-2024-2891-58384 to 58673", "acr/934/2891", 58384, 58673, 290, (2024, 2024), "934"),
    (f"PURO_PR_CORC100+_FI_577166_2020_{UUID}_1-100", f"puro/{UUID}", 1, 100, 100, (2020, 2020), "577166"),
    (f"{UUID}_1-100", f"puro/{UUID}", 1, 100, 100, None, None),
    ("ERS-1-P1234-BR-VRU-2024-1-1-500", "ers/P1234/VRU/2024/1", 1, 500, 500, (2024, 2024), "P1234"),
    ("ERS-0-77-COL-PRU-20240131-2-501-999999999", "ers/77/PRU/20240131/2", 501, 999999999, 999999499, None, "77"),
    ("VU-ITMO-11-356-2022-0-27-35", "undp/VU", 27, 35, 9, (2022, 2022), "356"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "space", "start", "end", "tonnes", "vintages", "project"), REAL)
def test_what_registries_write(text, space, start, end, tonnes, vintages, project):
    block = parse(text)
    assert (block.text, block.space, block.start, block.end) == (text, space, start, end)
    assert (block.quantity_t, block.vintages, block.project) == (tonnes, vintages, project)
    assert not block.is_series


@pytest.mark.parametrize(
    "text",
    ["ICR-ISL-354-78040-14-R-0-2021", "CDC_109_7_14_327_1_R6_XX_CO_1_1_2021", "CDC_153_19_1_332_14_R1_XX_BR_1_1_2021"],
)
def test_a_series_stands_for_all_of_it(text):
    block = parse(text)
    assert block.is_series
    assert block.quantity_t is None
    assert block.vintages == (2021, 2021)
    assert block.overlaps(parse(text))
    assert not block.overlaps(parse(text.replace("2021", "2022")))


def test_every_grammar_reads_its_own_example_and_no_others():
    for grammar in GRAMMARS:
        assert parse(grammar.example).registry == grammar.registry
        assert [g.registry for g in GRAMMARS if re.match(g.begins, grammar.example)] == [grammar.registry]


REFUSED = {
    "a letter O for the flag, as seen in the wild": (VERRA[:-1] + "O", "serial.letter-o"),
    "a letter O in a date": (VERRA.replace("01012018", "0101O018").replace("O018", "2O18"), "serial.letter-o"),
    "a letter l in the block": ("ACR-US-192-2010-203-l-5000", "serial.letter-o"),
    "a letter I in the end": ("CAR-1-US-293-1-120-CA-2006-102-1 to 2925I", "serial.letter-o"),
    "a letter O in an ITMO's year": ("VU-ITMO-11-356-2O22-0-27-35", "serial.letter-o"),
    "a letter o in a series": ("ICR-ISL-354-78o40-14-R-0-2021", "serial.letter-o"),
    "full-width digits": (VERRA.replace("681393912", "６81393912"), "serial.digits"),
    "Arabic-Indic digits": ("ACR-US-192-2010-203-١-5000", "serial.digits"),
    "a superscript": ("ACR-US-192-2010-203-1-500²", "serial.digits"),
    "an en dash": (VERRA.replace("-VCS", "–VCS"), "serial.characters"),
    "a soft hyphen": (VERRA + "\u00ad", "serial.characters"),
    "a zero-width space": ("\u200b" + VERRA, "serial.characters"),
    "a newline": (VERRA + "\n", "serial.characters"),
    "a NUL": (VERRA + "\0", "serial.characters"),
    "a Cyrillic letter": ("АCR-US-192-2010-203-1-5000", "serial.characters"),
    "a flood": ("1" * 300, "serial.characters"),
    "nothing": ("", "serial.registry"),
    "a space before": (" ACR-US-192-2010-203-1-5000", "serial.registry"),
    "a space after": ("ACR-US-192-2010-203-1-5000 ", "serial.grammar"),
    "two spaces": ("CAR-1-US-293-1-120-CA-2006-102-1  to 29251", "serial.grammar"),
    "the end before the start": ("ACR-US-192-2010-203-5000-1", "serial.range"),
    "the start after the end by one": ("ACR-US-192-2010-203-2-1", "serial.range"),
    "a start at zero": (VERRA.replace("681393912", "0"), "serial.grammar"),
    "a guide's illustration, one field short": (
        "0001-000001-000100-VCS-VCU-003-VER-US-0003-01012020-31122020-1", "serial.grammar"),
    "a padded start of Verra's": (VERRA.replace("681393912", "0681393912"), "serial.grammar"),
    "a padded start": ("ACR-US-192-2010-203-01-5000", "serial.grammar"),
    "a padded project, another spelling of the space": ("ACR-US-0192-2010-203-1-5000", "serial.grammar"),
    "a padded batch": ("CAR-1-US-293-1-120-CA-2006-0102-1 to 29251", "serial.grammar"),
    "a sign": ("ACR-US-192-2010-203-+1-5000", "serial.grammar"),
    "a thousands separator": ("ACR-US-192-2010-203-1-5,000", "serial.grammar"),
    "an underscore between digits": ("ACR-US-192-2010-203-1-5_000", "serial.grammar"),
    "an exponent": ("ACR-US-192-2010-203-1-5e3", "serial.grammar"),
    "a number beyond JSON's": ("ACR-US-192-2010-203-1-9007199254740993", "serial.grammar"),
    "a 13th month": (VERRA.replace("31122018", "31132018"), "serial.vintage"),
    "30 February": (VERRA.replace("31122018", "30022018"), "serial.vintage"),
    "a vintage that ends before it begins": (VERRA.replace("31122018", "31122017"), "serial.vintage"),
    "a vintage before there were credits": (VERRA.replace("01012018", "01011918"), "serial.vintage"),
    "a year of 1089": ("ACR-US-192-1089-203-1-5000", "serial.vintage"),
    "CDOP's example: a country of three letters": (
        "8339-449183249-449183748-VCS-VCU-4721-VCS-KEN-14-2023-01012023-31122023-0", "serial.grammar"),
    "CAD Trust's example, nobody's grammar": ("VCS9819-2014-1233022-1234022", "serial.registry"),
    "an upper-case UUID, another spelling of the space": (f"{UUID.upper()}_1-100", "serial.grammar"),
    "a letter O in a UUID": (f"{UUID}_1-100".replace("0", "O", 1), "serial.letter-o"),
    "a letter O in an EcoRegistry project": ("CDC_1O9_7_14_327_1_R6_XX_CO_1_1_2021", "serial.letter-o"),
    "a zero for the O of Colombia": ("CDC_109_7_14_327_1_R6_XX_C0_1_1_2021", "serial.grammar"),
    "a padded EcoRegistry project": ("CDC_0109_7_14_327_1_R6_XX_CO_1_1_2021", "serial.grammar"),
    "a lower-case country": ("CDC_109_7_14_327_1_R6_XX_co_1_1_2021", "serial.grammar"),
    "an ERS unit beyond the format": ("ERS-1-P1-BR-VRU-2024-1-1-1000000000", "serial.grammar"),
    "an ITMO of a sector that is none": ("VU-ITMO-16-356-2022-0-27-35", "serial.grammar"),
    "a lower-case registry": ("acr-US-192-2010-203-1-5000", "serial.registry"),
    "two blocks in one": ("ACR-US-192-2010-203-1-5000;ACR-US-192-2010-203-5001-6000", "serial.grammar"),
    "a formula": ("=ACR-US-192-2010-203-1-5000", "serial.registry"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(text, code):
    with pytest.raises(SerialError) as caught:
        parse(text)
    assert caught.value.error_code == code
    assert caught.value.hint


def acr(start, end, batch=203):
    return parse(f"ACR-US-192-2010-{batch}-{start}-{end}")


@pytest.mark.parametrize(
    ("one", "two", "shared"),
    [
        ((1, 5000), (5001, 6000), False),
        ((1, 5000), (5000, 6000), True),
        ((1, 5000), (1, 5000), True),
        ((1, 5000), (2, 3), True),
        ((5, 5), (5, 5), True),
        ((5, 5), (6, 6), False),
        ((5, 5), (4, 4), False),
        ((4, 6), (1, 4), True),
        ((4, 6), (1, 3), False),
    ],
)
def test_neighbours_do_not_overlap_and_a_shared_end_does(one, two, shared):
    for a, b in ((one, two), (two, one)):
        assert acr(*a).overlaps(acr(*b)) is shared
        assert bool(list(clashes([acr(*a), acr(*b)]))) is shared
        assert bool(list(clashes([acr(*a)], [acr(*b)]))) is shared


def test_number_spaces():
    """Numbers meet where the registry counts through, and nowhere else."""
    assert not acr(1, 10).overlaps(acr(1, 10, batch=204))
    assert not parse("ACR-US-193-2010-203-1-10").overlaps(acr(1, 10))
    other_project = VERRA.replace("-929-", "-1748-").replace("15312-", "15313-")
    assert parse(VERRA).overlaps(parse(other_project)), "Verra counts through all projects"
    assert not parse(VERRA).overlaps(parse(VERRA.replace("VCS-VCU-208-VER", "VCU-042-MER"))), "but not across registry codes"
    assert parse("VU-ITMO-11-356-2022-0-27-35").overlaps(parse("VU-ITMO-14-001-2023-0-35-40")), "a country's total goes on"
    assert not parse("VU-ITMO-11-356-2022-0-27-35").overlaps(parse("FJ-ITMO-11-356-2022-0-27-35"))
    whole = f"PURO_PR_CORC100+_FI_577166_2020_{UUID}_1-100"
    assert parse(whole).overlaps(parse(f"{UUID}_100-120")), "the short and the long form are one issuance"


def test_the_undp_documents_own_table_overlaps():
    """Its fourth issuance begins at 41, where the third ended: the text says 'total before + 1', the table does not."""
    table = [parse(f"VU-ITMO-14-{n:03d}-2022-0-{a}-{b}") for n, (a, b) in enumerate([(1, 26), (27, 36), (37, 41), (41, 55)], 1)]
    (pair,) = clashes(table)
    assert {block.start for block in pair} == {37, 41}


def test_two_spellings_of_one_block_overlap():
    assert acr(1, 10).overlaps(parse("ACR-US-192-2010-203-1 to 10"))


def test_many_blocks_in_one_pass():
    """Ten thousand neighbours, then one block over all of them."""
    blocks = [acr(10 * n + 1, 10 * n + 10) for n in range(10_000)]
    assert list(clashes(blocks)) == []
    assert len(list(clashes([*blocks, acr(1, 10**5)]))) == len(blocks)
