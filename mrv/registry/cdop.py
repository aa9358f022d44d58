"""CDOP: an attestation in the fields of the Carbon Data Open Protocol; unsigned, it carries the digest.

The audit checkpoint is a verification body's opinion.  The program holds none: an adverse conclusion is a failure, all else
is pending.

References:
    Carbon-Data-Open-Protocol, json_schema: Verification_Metadata (fields 307–329), Unit_Description (139–153), Issuances
    (87–101).
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mrv.registry.attested import UNCHECKED, check_uri
from mrv.units import KG_PER_T, decimal_str

if TYPE_CHECKING:
    from mrv.registry.attested import Attested
    from mrv.registry.names import Names
    from mrv.registry.serials import Block

UNIT_TYPES = {"verra": "VCU", "car": "CRT", "acr": "ERT", "puro": "CORC"}
"""CDOP's name of a registry's unit; ERS, UNDP, ICR and EcoRegistry have none."""
PENDING = "Pending review (Audit currently in progress)"
FAILED = "Fail (Non-compliant / verification rejected)"


def export(attested: Attested, *, uri: str, names: Names) -> dict[str, Any]:
    """Documents by the name of their CDOP schema.

    Args:
        attested: The attestation.
        uri: Where anyone can read it.
        names: What registries call things; without an owner's account no unit is described.

    Raises:
        AttestationError: ``export.uri``.
        SerialError: A serial block does not parse.
    """
    blocks = attested.blocks()
    project = names.project_id or next((b.project for b in blocks if b.project), None) or attested.statement.project.id
    documents: dict[str, Any] = {
        "mrv": attested.header(check_uri(uri)),
        "Verification_Metadata": {"verification": _verification(attested, uri, project, names)},
    }
    if blocks:
        documents["Issuances"] = _issuances(attested, blocks, project)
    if blocks and names.owner_account is not None:
        documents["Unit_Description"] = [_unit(attested, block, project, names.owner_account) for block in blocks]
    return documents


def _verification(attested: Attested, uri: str, project: str, names: Names) -> dict[str, Any]:
    s, document = attested.statement, attested.document
    told = f"Computed conclusion: {s.conclusion.computed}. Attestation {attested.digest}."
    if s.project.simulated:
        told = f"SIMULATED project. {told}"
    reading = {
        "identification": [
            {
                "verification_id": attested.urn,
                **({"verification_claim_type": claim} if (claim := _claim_type(attested)) else {}),
                "verification_project_id": project,
                "verification_description": told if attested.checked else f"{UNCHECKED}. {told}",
            }
        ],
        "reporting": [
            {
                "verification_reporting_period_start": s.period.start,
                "verification_reporting_period_end": s.period.end,
                "verification_date": document["validFrom"][:10],
            }
        ],
        "quantity": [
            {
                "verified_quantity": s.conclusion.creditable_t,
                "verification_quantity_uom": "tCO2e (Metric tonnes of CO2 equivalent)",
            }
        ],
        "body": [
            {"verification_body_name": names.body_name or attested.issuer, "verification_body_id": attested.issuer}
        ],
        "standard": [
            {
                "verification_applied_standard": names.standard or s.programme.id,
                "verification_applied_methodology_protocol": f"{s.programme.id}; method {s.method.method_digest}",
            }
        ],
        "verification_report_url": [uri],
        "verification_credential_issuer_id": attested.issuer,
        "verification_cryptographic_proof_type": f"{document['proof']['type']} {document['proof']['cryptosuite']}",
        "verification_digital_signature_payload": document["proof"]["proofValue"],
        "verification_buffer_pool_deduction_quantity": s.quantities.buffer_t,
        "verification_audit_checkpoint_status": FAILED if s.conclusion.computed == "adverse" else PENDING,
    }  # fmt: skip
    leakage = [vintage.leakage_kg for vintage in s.quantities.vintages]
    if leakage and all(kg is not None for kg in leakage):
        tonnes = _number(Fraction(sum(kg or 0 for kg in leakage), KG_PER_T))
        reading["leakage"] = [{"verification_leakage_deduction_quantity": tonnes}]
    if s.programme.factor_left is not None:
        deducted = 100 * (1 - Fraction(s.programme.factor_left))
        reading["verification_uncertainty_deduction_margin"] = _number(deducted)
    return reading


def _claim_type(attested: Attested) -> str | None:
    """The larger part of the benefit; None without a reference level."""
    vintages = attested.statement.quantities.vintages
    if any(row.reductions_kg is None or row.removals_kg is None for row in vintages):
        return None
    reductions, removals = (sum(getattr(row, name) for row in vintages) for name in ("reductions_kg", "removals_kg"))
    return "Carbon removal" if removals > reductions else "Emission reduction"


def _issuances(attested: Attested, blocks: list[Block], project: str) -> dict[str, Any]:
    s = attested.statement
    row: dict[str, Any] = {
        "date_of_verification": attested.document["validFrom"][:10],
        "verification_period_start": s.period.start,
        "verification_period_end": s.period.end,
    }
    if not any(block.is_series for block in blocks):
        row["batch_issued_volume"] = sum(block.quantity_t or 0 for block in blocks)
    return {"project": {"project_identifier": project}, "issuance": {"issuance": [row]}}


def _unit(attested: Attested, block: Block, project: str, owner: str) -> dict[str, Any]:
    unit: dict[str, Any] = {"owner_account_id": owner, "reference": [{"serial_number": block.text}]}
    if block.registry in UNIT_TYPES:
        unit["descriptor"] = [{"metric": "tCO2e", "type": UNIT_TYPES[block.registry]}]
    if not block.is_series:
        unit["credit_block"] = [{"quantity": block.quantity_t, "block_start": block.start, "block_end": block.end}]
    first = attested.statement.period.start if block.vintages is None else f"{block.vintages[0]}-01-01"
    return {"project": {"current_registry_project_id": project}, "unit": unit, "vintage": {"vintage": first}}


def _number(value: Fraction) -> int | float:
    """A JSON number, exact where it is whole: the export is unsigned, and CDOP wants numbers."""
    text = Decimal(decimal_str(value, places=6))
    return int(text) if text == int(text) else float(text)
