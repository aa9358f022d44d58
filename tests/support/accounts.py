"""Accounts of made-up projects, in tonnes that a person can add up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from mrv.programme.accounts import Accounts, Spread, Totals, Vintage
from mrv.programme.credits import PriorCredit, RiskReport

DOCUMENT = "sha256:" + "ab" * 32


def risk(buffer="10", rating="10", threshold="5"):
    return RiskReport(Decimal(rating), Decimal(buffer), Decimal(threshold), DOCUMENT, date(2024, 1, 31))


def vintage(year, *, baseline=(0, 0), project=(0, 0), leakage=0, non_stock=0):
    """Tonnes: (emissions, removals) of each side."""
    flows = (1000 * tonnes for tonnes in (*baseline, *project, leakage, non_stock))
    return Vintage(year, *(int(kg) for kg in flows))


def prior(year, tonnes, buffer=0, attestation="01"):
    return PriorCredit("sha256:" + attestation * 32, year, tonnes, buffer)


def accounts(*vintages, before=(0, 0, 0), half_widths=(0, 0), gross_percent=0, **changes):
    """Accounts whose draws have the accounted totals as their means.

    Args:
        vintages: Years.
        before: Baseline, project, leakage up to the period, t.
        half_widths: 90 % half-widths of baseline and project since the start, % of their totals.
        gross_percent: The same of the period's gross emissions.
        changes: Other fields of Accounts.
    """
    earlier = Totals(*(1000 * tonnes for tonnes in before))
    sides = []
    for name, percent in zip(("baseline_kg", "project_kg"), half_widths, strict=True):
        mean = getattr(earlier, name) + sum(getattr(row, name) for row in vintages)
        sides.append(Spread(mean, abs(mean) * percent // 100))
    emitted = sum(row.project_emissions_kg for row in vintages)
    net = sum(row.net_kg for row in vintages)
    changes.setdefault("gross", Spread(emitted, emitted * gross_percent // 100))
    changes.setdefault("risk", risk())
    return Accounts(tuple(vintages), *sides, net=Spread(net, 0), before=earlier, **changes)
