"""Steps: what a programme does to tonnes, one integer each, and what it issues in the end.

A step starts from a stated input or from the result of an earlier step; :class:`Chain` refuses anything else, so the list can
be followed from the accounts to the issuable tonnes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from mrv.equations import round_up
from mrv.errors import StatementError
from mrv.units import KG_PER_T, decimal_str

if TYPE_CHECKING:
    from mrv.programme.accounts import Accounts

Unit = Literal["kg CO2e", "t CO2e"]
TEXT_VERIFIED = {"ipcc-only": True, "art-trees-2.0": False, "vm0033-2.1": True, "ar-tool14": False}
"""Programme → whether its text was read when its rules were written; each module's ``TEXT`` says what was read."""
NEGATIVE = "negative net: carried forward, nothing is issued"
NO_BENEFIT = "no net benefit: nothing is issued"
WHOLE = "whole tonnes, floored once a vintage"
SUM = "issuable: sum of the vintages"


@dataclass(frozen=True, slots=True)
class Step:
    """One ordered step."""

    equation: str
    """Section and equation."""
    base: int
    """What it starts from."""
    input: str
    """What enters."""
    result: int
    """What comes out."""
    unit: Unit
    """Unit of base and result."""


@dataclass(frozen=True, slots=True)
class Stated:
    """An input of the chain."""

    name: str
    """What it is."""
    kg: int
    """kg CO2e."""


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """The programme's own percentage."""

    percent: Fraction | None
    """Percent; None where the denominator is zero or too near it."""
    numerator: str
    """What is divided."""
    denominator: str
    """By what."""


NO_UNCERTAINTY = Uncertainty(None, "none: the programme deducts nothing for uncertainty", "none")


@dataclass(frozen=True, slots=True)
class Issuance:
    """What a programme issues for a period."""

    programme: str
    """Its id."""
    inputs: tuple[Stated, ...]
    """What the steps start from."""
    steps: tuple[Step, ...]
    """In order; the last one's result is ``issuable_t``."""
    issuable_t_by_vintage: dict[int, int]
    """Whole tonnes by year; every year of the period."""
    issuable_t: int
    """Their sum."""
    buffer_t: int
    """Into the buffer, whole tonnes, rounded up."""
    uncertainty: Uncertainty
    """The programme's percentage."""
    factor: Fraction | None
    """Share left by the uncertainty adjustment, from 0 to 1; None where there is none."""
    carried_forward_kg: int
    """A negative net of this period, carried forward; 0 otherwise."""
    notes: tuple[str, ...] = ()
    """What was not assessed, or is quoted and not read."""


@dataclass(slots=True)
class Chain:
    """Steps under construction."""

    inputs: list[Stated]
    """Stated inputs."""
    steps: list[Step] = field(default_factory=list)
    """So far."""

    def kg(self, equation: str, base: int, entering: str, result: int) -> int:
        """Append a step in kg.

        Args:
            equation: Section and equation.
            base: An input, or the result of an earlier step.
            entering: What enters.
            result: What comes out.

        Returns:
            ``result``.

        Raises:
            StatementError: ``base`` is neither.
        """
        if base not in {row.kg for row in self.inputs} | {step.result for step in self.steps if step.unit == "kg CO2e"}:
            raise StatementError(
                f"the step {equation!r} starts from {base} kg, which nothing gave",
                code="programme.chain",
                hint="state it as an input; this is an error of the program",
            )
        self.steps.append(Step(equation, base, entering, result, "kg CO2e"))
        return result

    def close(self, whole_kg: int, by_vintage: dict[int, int]) -> int:
        """Append the last step, in tonnes.

        Args:
            whole_kg: Result of the step before, whole tonnes in kg.
            by_vintage: Tonnes by year.

        Returns:
            Issuable tonnes.
        """
        total = whole_kg // KG_PER_T
        listed = ", ".join(f"{year}: {tonnes} t" for year, tonnes in by_vintage.items())
        self.steps.append(Step(SUM, total, listed or "none", total, "t CO2e"))
        return total


@dataclass(frozen=True, slots=True)
class Buffer:
    """How a programme's buffer is computed."""

    equation: str
    """Section and equation."""
    base_kg: int
    """What the percentage is taken of: an input or an earlier result."""


def issue_net(
    chain: Chain,
    net_kg: int,
    accounts: Accounts,
    *,
    programme: str,
    buffer: Buffer,
    uncertainty: Uncertainty,
    factor: Fraction | None,
    notes: tuple[str, ...] = (),
) -> Issuance:
    """Close a chain: buffer, whole tonnes by vintage, sum.

    Args:
        chain: Steps so far; the last one's result is ``net_kg``.
        net_kg: Net benefit after every deduction but the buffer.
        accounts: The project's accounts.
        programme: Its id.
        buffer: How the buffer is computed.
        uncertainty: The programme's percentage.
        factor: Share left by the uncertainty adjustment.
        notes: What was not assessed.

    Returns:
        The issuance. A negative net, or no risk report, issues nothing and says so in a step.
    """
    buffer_t, whole = 0, {vintage.year: 0 for vintage in accounts.vintages}
    if net_kg <= 0:
        left = chain.kg(NEGATIVE if net_kg < 0 else NO_BENEFIT, net_kg, f"{net_kg} kg", 0)
    elif accounts.risk is None:
        left = chain.kg(buffer.equation, net_kg, "no risk report: the buffer cannot be set, and nothing is issued", 0)
    else:
        buffer_t = _buffer_t(chain, net_kg, buffer, accounts)
        left = chain.kg("net less buffer", net_kg, f"{buffer_t} t into the buffer", net_kg - buffer_t * KG_PER_T)
        shares = vintage_shares(accounts)
        whole = {year: int(left * share) // KG_PER_T for year, share in shares.items()}
        listed = "; ".join(f"{year}: {decimal_str(100 * share, places=6)} %" for year, share in shares.items())
        left = chain.kg(WHOLE, left, f"shares {listed}", KG_PER_T * sum(whole.values()))
    total = chain.close(left, whole)
    return Issuance(
        programme=programme,
        inputs=tuple(chain.inputs),
        steps=tuple(chain.steps),
        issuable_t_by_vintage=whole,
        issuable_t=total,
        buffer_t=buffer_t,
        uncertainty=uncertainty,
        factor=factor,
        carried_forward_kg=min(0, net_kg),
        notes=notes,
    )


def _buffer_t(chain: Chain, net_kg: int, buffer: Buffer, accounts: Accounts) -> int:
    assert accounts.risk is not None
    percent = Fraction(accounts.risk.buffer_percent)
    # Never more than there is: the rest of the net is below a tonne then.
    tonnes = min(round_up(max(0, buffer.base_kg) * percent / (100 * KG_PER_T)), net_kg // KG_PER_T)
    entering = f"{decimal_str(accounts.risk.buffer_percent)} %, up to whole tonnes, at most the net"
    chain.kg(buffer.equation, buffer.base_kg, entering, tonnes * KG_PER_T)
    return tonnes


def vintage_shares(accounts: Accounts) -> dict[int, Fraction]:
    """Share of the period's issuance that belongs to each year.

    A year earns what it adds to the highest cumulative net benefit so far, so a year that only repairs an earlier loss earns
    nothing, less what was credited to it before.

    Args:
        accounts: The project's accounts.
    """
    running = accounts.before.net_kg - max(accounts.before.net_kg, accounts.credited_kg())
    levels, high = [0], 0
    for vintage in accounts.vintages:
        running += vintage.net_kg
        high = max(high, running)
        levels.append(high)
    earned = {
        vintage.year: max(0, after - before - accounts.credited_kg(vintage.year))
        for vintage, (before, after) in zip(accounts.vintages, pairwise(levels), strict=True)
    }
    whole = sum(earned.values())
    return {year: Fraction(kg, whole) if whole else Fraction(0) for year, kg in earned.items()}


def difference(chain: Chain, adjusted_kg: int, before_kg: int, accounts: Accounts, *, equation: str) -> int:
    """What a cumulative total adds to what was accounted for up to the period.

    Args:
        chain: Steps so far; ``adjusted_kg`` is one's result.
        adjusted_kg: Net benefit since the project's start, adjusted.
        before_kg: The same up to the period, adjusted alike.
        accounts: Prior credits.
        equation: Section and equation.

    Returns:
        kg; negative where less is left than was accounted for.
    """
    credited, within = accounts.credited_kg(), accounts.credited_within_kg
    accounted = max(before_kg, credited)
    return chain.kg(
        equation,
        adjusted_kg,
        f"accounted for up to the period {accounted} kg: the greater of adjusted net {before_kg} kg and credited and "
        f"buffered {credited} kg; of these vintages already {within} kg",
        adjusted_kg - accounted - within,
    )


def scope_limitation(missing: tuple[str, ...]) -> tuple[Step, ...]:
    """The one step of a project whose evidence cannot support a credit: nothing is issuable.

    Args:
        missing: Inputs that are absent.
    """
    return (
        Step(
            equation="scope limitation: no credit without a probability sample and a reference level",
            base=0,
            input="missing: " + ", ".join(missing),
            result=0,
            unit="t CO2e",
        ),
    )
