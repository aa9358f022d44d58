"""Credits: what was credited before, and the risk report that sets the buffer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrv.accounts.records import read_csv, read_toml, refuse_twice, require

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

MAX_T = 10**12
_PRIOR = ("attestation", "vintage", "t_co2e", "buffer_t")
_RISK = ("risk_rating_percent", "buffer_percent", "loss_event_threshold_percent", "document", "as_of")


@dataclass(frozen=True, slots=True)
class PriorCredit:
    """Tonnes of one vintage credited by one earlier attestation."""

    attestation: str
    """Digest of that attestation."""
    vintage: int
    """Year."""
    t_co2e: int
    """Credited, t CO2e."""
    buffer_t: int
    """Put into the buffer beside them, t CO2e."""


@dataclass(frozen=True, slots=True)
class PriorCredits:
    """``prior_credits.csv``, ordered by vintage and attestation."""

    rows: tuple[PriorCredit, ...]
    """Rows."""

    @property
    def credited_t(self) -> int:
        """Credited so far, t CO2e."""
        return sum(row.t_co2e for row in self.rows)

    @property
    def buffer_t(self) -> int:
        """In the buffer so far, t CO2e."""
        return sum(row.buffer_t for row in self.rows)


@dataclass(frozen=True, slots=True)
class RiskReport:
    """``risk_report.toml``. Rating and buffer are read apart: a gate compares them."""

    risk_rating_percent: Decimal
    """Overall rating, %."""
    buffer_percent: Decimal
    """Buffer that is deducted, %."""
    loss_event_threshold_percent: Decimal
    """Share of the stock whose loss is a loss event, %."""
    document: str
    """``sha256:`` of the report."""
    as_of: date
    """Its date."""


def parse_prior_credits(data: bytes, *, file: str = "prior_credits.csv") -> PriorCredits:
    """Read ``prior_credits.csv``.

    Args:
        data: ``attestation,vintage,t_co2e,buffer_t``, one row an attestation and vintage; the header alone: nothing was.
        file: Name in messages.

    Raises:
        PlanError: ``prior-credits.*``, with line, column and remedy.
    """
    records = read_csv(data, file=file, room="prior-credits", columns=_PRIOR, least=0)
    rows = [
        PriorCredit(
            attestation=record.digest("attestation"),
            vintage=record.year("vintage"),
            t_co2e=record.integer("t_co2e", low=0, high=MAX_T),
            buffer_t=record.integer("buffer_t", low=0, high=MAX_T),
        )
        for record in records
    ]
    keys = ((record, (row.attestation, row.vintage)) for record, row in zip(records, rows, strict=True))
    refuse_twice(keys, "attestation and vintage")
    return PriorCredits(tuple(sorted(rows, key=lambda row: (row.vintage, row.attestation))))


def parse_risk_report(data: bytes, *, file: str = "risk_report.toml") -> RiskReport:
    """Read ``risk_report.toml``.

    Args:
        data: The five fields of :class:`RiskReport`, numbers as numbers.
        file: Name in messages.

    Raises:
        PlanError: ``risk-report.*``, with field and remedy.
    """
    record = read_toml(data, file=file, room="risk-report")
    require(record, _RISK)
    return RiskReport(
        risk_rating_percent=record.decimal("risk_rating_percent", low=0, high=100),
        buffer_percent=record.decimal("buffer_percent", low=0, high=100),
        loss_event_threshold_percent=record.decimal("loss_event_threshold_percent", low=0, high=100),
        document=record.digest(),
        as_of=record.day("as_of"),
    )
