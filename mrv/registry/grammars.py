"""Grammar: how one registry writes a block of serial numbers, and in which number space its numbers are unique.

Two blocks can share a unit only in one number space.  A space holds no field that the registry would not need to tell two
units apart, so that a changed country or state code does not make a second space out of one; and where a registry does not
publish how it writes a code, the space holds what the code's other spellings have in common (:func:`folded`).

References:
    Verra: examples as issued, in three registry codes (see the tests).  Block numbers rise with the issuance number within
    one registry code and not across codes (issuance 8040 of MER holds 449,402,275, issuance 9344 of VER 82,392,553), so
    each code (APX and Markit before 2020, Verra since) numbers by itself.
    CAR: Climate Action Reserve, Serial Number Guide.  ACR: serials as its registry shows them, with ``-`` or `` to ``.
    Puro: docs.api.puro.earth, Certificate Id ("guaranteed to be unique within one issuance").
    ERS: help.ers.org, Labelling and Serialisation (of the project id it says no more than that there is one).
    UNDP: National Carbon Registry, Serial Number Generation (blocks go on from the country's total).
    ICR, EcoRegistry: series as the registries' tokens name them; their fields are not published, but a project has one number
    and lies in one country, so that the country tells no two series apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = r"[1-9][0-9]{0,14}"
"""A number without leading zeros that a JSON integer can hold."""
_YEAR = r"[1-2][0-9]{3}"
_LOOK_ALIKE = str.maketrans("OIL", "011")
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True)
class Grammar:
    """One way of writing a block."""

    registry: str
    """Registry, as code: ``verra``, ``car`` …"""
    begins: str
    """Pattern that a serial of this registry begins with; picks the grammar."""
    pattern: str
    """Pattern of the whole serial, with groups ``start``, ``end``, ``vintage`` or ``first`` and ``last``, ``project``."""
    space: tuple[str, ...]
    """Groups that make the number space; the serial without its country for a series without block numbers."""
    example: str
    """One serial, for hints."""
    codes: tuple[str, ...] = ()
    """Groups of the space that are codes of unpublished spelling: they enter it folded."""

    def strict(self) -> re.Pattern[str]:
        """The pattern, compiled."""
        return re.compile(self.pattern)

    def lenient(self) -> re.Pattern[str]:
        """The same with letters that look like digits where digits belong: to name the fault, never to accept it."""
        return re.compile(re.sub(r"\[([0-9]-[0-9](?:a-f)?)\]", r"[\1OoIl]", self.pattern))

    def number_space(self, match: re.Match[str]) -> str:
        """The space of a serial that the strict pattern matched."""
        if not self.space:
            start, end = match.span("country")
            return f"{self.registry}/{match.string[:start]}{match.string[end:]}"
        parts = [folded(match[name]) if name in self.codes else match[name] for name in self.space if match[name] is not None]
        return "/".join((self.registry, *parts))


def folded(code: str) -> str:
    """What is common to a code's spellings: of one case, O as 0, I and L as 1, numbers without leading zeros.

    Two codes that a registry did mean to differ by that alone would be one space: an honest block is then refused, which its
    owner notices; the other way about, a tonne would be counted twice, which nobody does.
    """
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", code.upper().translate(_LOOK_ALIKE))


GRAMMARS = (
    Grammar(
        "verra",
        r"[^-]*-[^-]*-[^-]*-(?:VCS-)?VCU-",
        rf"{NUMBER}-(?P<start>{NUMBER})-(?P<end>{NUMBER})-(?:VCS-)?VCU-[0-9]{{1,6}}-(?P<operator>VER|APX|MER)"
        rf"-(?P<country>[A-Z]{{2}})-[0-9]{{1,3}}-(?P<project>{NUMBER})-(?P<first>[0-9]{{8}})-(?P<last>[0-9]{{8}})-[0-1]",
        ("operator",),
        "15312-681393912-681394011-VCS-VCU-208-VER-CA-3-929-01012018-31122018-0",
    ),
    Grammar(
        "car",
        r"CAR-",
        rf"CAR-(?:1|ROC)-(?P<country>[A-Z]{{2}})-(?P<project>{NUMBER})-{NUMBER}-{NUMBER}-[A-Z]{{2,3}}-(?P<vintage>{_YEAR})"
        rf"-(?P<batch>{NUMBER})-(?P<start>{NUMBER}) to (?P<end>{NUMBER})",
        ("project", "batch"),
        "CAR-1-US-293-1-120-CA-2006-102-1 to 29251",
    ),
    Grammar(
        "acr",
        r"ACR-",
        rf"ACR-(?P<country>[A-Z]{{2}})-(?P<project>{NUMBER})-(?P<vintage>{_YEAR})-(?P<batch>{NUMBER})"
        rf"-(?P<start>{NUMBER})(?:-| to )(?P<end>{NUMBER})",
        ("project", "batch"),
        "ACR-US-192-2010-203-1-5000",
    ),
    Grammar(
        "puro",
        r"PURO_|[0-9a-zA-Z]{8}-[0-9a-zA-Z]{4}-[0-9a-zA-Z]{4}-[0-9a-zA-Z]{4}-",
        rf"(?:PURO_PR_(?P<unit>CORC[0-9]{{2,4}}\+)_(?P<country>[A-Z]{{2}})_(?P<project>[0-9]{{6}})_(?P<vintage>{_YEAR})_)?"
        rf"(?P<issuance>{_UUID})_(?P<start>{NUMBER})-(?P<end>{NUMBER})",
        ("issuance",),
        "PURO_PR_CORC100+_FI_577166_2020_055a3fbe-eabc-4535-b9cf-1028e7d18f89_1-100",
    ),
    Grammar(
        "ers",
        r"ERS-",
        rf"ERS-[0-1]-(?P<project>[A-Za-z0-9]{{1,40}})-(?P<country>[A-Z]{{2,3}})-(?:(?P<unit>VRU)-(?P<vintage>{_YEAR})"
        rf"|(?P<pending>PRU)-(?P<issued>[0-9]{{8}}))-(?P<batch>{NUMBER})-(?P<start>[1-9][0-9]{{0,8}})-(?P<end>[1-9][0-9]{{0,8}})",
        ("project", "unit", "vintage", "pending", "issued", "batch"),
        "ERS-1-P1234-BR-VRU-2024-1-1-500",
        codes=("project",),
    ),
    Grammar(
        "undp",
        r"[A-Za-z]{2}-ITMO-",
        rf"(?P<country>[A-Z]{{2}})-ITMO-(?:[1-9]|1[0-5])-(?P<project>[0-9]{{1,15}})-(?P<vintage>{_YEAR})-0"
        rf"-(?P<start>{NUMBER})-(?P<end>{NUMBER})",
        ("country",),
        "VU-ITMO-11-356-2022-0-27-35",
    ),
    Grammar(
        "icr",
        r"ICR-",
        rf"ICR-(?P<country>[A-Z]{{3}})-(?P<project>{NUMBER})-{NUMBER}-{NUMBER}-[A-Z]-[0-9]-(?P<vintage>{_YEAR})",
        (),
        "ICR-ISL-354-78040-14-R-0-2021",
    ),
    Grammar(
        "ecoregistry",
        r"CDC_",
        rf"CDC_(?P<project>{NUMBER})_{NUMBER}_{NUMBER}_{NUMBER}_{NUMBER}_R{NUMBER}_XX_(?P<country>[A-Z]{{2}})"
        rf"_{NUMBER}_{NUMBER}_(?P<vintage>{_YEAR})",
        (),
        "CDC_109_7_14_327_1_R6_XX_CO_1_1_2021",
    ),
)
