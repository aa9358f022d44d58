"""CAD Trust: rows of the tables verification, issuance and unit; unsigned, they carry the digest.

CAD Trust gives an id to a row when it is entered, and the next table needs it: what waits for an id is named, not invented.
Blocks are written with both ends included, so that end − start + 1 is the count (the example in CAD Trust's own
documentation is off by one).

References:
    Chia-Network/cadt, docs/cadtrust-schema-v2.0.2.json.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mrv.registry.attested import UNCHECKED, check_uri
from mrv.registry.csv_cells import write_csv

if TYPE_CHECKING:
    from mrv.registry.attested import Attested
    from mrv.registry.names import Names
    from mrv.registry.serials import Block

Row = dict[str, str]
TABLES = ("verification", "issuance", "unit")
"""In the order in which they are entered."""


def export(attested: Attested, *, uri: str, names: Names) -> dict[str, Any]:
    """Rows by table, and what each missing table waits for.

    Args:
        attested: The attestation.
        uri: Where anyone can read it.
        names: Ids that CAD Trust has given so far, and picklist values.

    Raises:
        AttestationError: ``export.uri``.
        SerialError: A serial block does not parse.
    """
    check_uri(uri)
    needs = {
        "verification": ("verification_body", "cadtrust_project"),
        "issuance": ("cadtrust_verification", "cadtrust_methodology", "cadtrust_location"),
        "unit": ("cadtrust_issuance", "unit_type"),
    }
    waiting = {table: [n for n in needs[table] if getattr(names, n) is None] for table in TABLES}
    made = {"verification": _verification, "issuance": _issuance, "unit": _units}
    return {
        "mrv": attested.header(uri),
        "rows": {table: made[table](attested, uri, names) for table in TABLES if not waiting[table]},
        "waiting": {table: missing for table, missing in waiting.items() if missing},
    }


def tables_csv(exported: dict[str, Any]) -> dict[str, str]:
    """File name to CSV text, for each table that has rows."""
    return {
        f"{table}.csv": write_csv(list(rows[0]), [list(row.values()) for row in rows])
        for table, rows in exported["rows"].items()
        if rows
    }


def _name(attested: Attested) -> str:
    return attested.urn if attested.checked else f"{UNCHECKED} {attested.urn}"


def _verification(attested: Attested, uri: str, names: Names) -> list[Row]:
    del uri
    period = attested.statement.period
    return [
        {
            "verificationId": _name(attested),
            "verificationStartDate": period.start,
            "verificationEndDate": period.end,
            "verificationBody": names.verification_body or "",
            "cadTrustProjectId": names.cadtrust_project or "",
        }
    ]


def _issuance(attested: Attested, uri: str, names: Names) -> list[Row]:
    del uri
    return [
        {
            "issuanceId": _name(attested),
            "cadTrustVerificationId": names.cadtrust_verification or "",
            "cadTrustProjectMethodologyId": names.cadtrust_methodology or "",
            "cadTrustLocationId": names.cadtrust_location or "",
        }
    ]


def _units(attested: Attested, uri: str, names: Names) -> list[Row]:
    return [_unit(attested, block, uri, names) for block in attested.blocks() if not block.is_series]


def _unit(attested: Attested, block: Block, uri: str, names: Names) -> Row:
    year = block.vintages[0] if block.vintages else int(attested.statement.period.start[:4])
    return {
        "unitSerialId": block.text,
        "unitStartBlock": str(block.start),
        "unitEndBlock": str(block.end),
        "unitType": names.unit_type or "",
        "unitVintageYear": str(year),
        "unitStatus": "Held",
        "unitStatusReason": f"bound by {_name(attested)}",
        "unitStatusDate": attested.document["validFrom"][:10],
        "unitLink": uri,
        "unitMetric": "tCO2e",
        "cadTrustIssuanceId": names.cadtrust_issuance or "",
    }
