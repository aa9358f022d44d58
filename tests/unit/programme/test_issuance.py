"""What holds for every programme: the chain of steps, the floors, and that nothing is issued twice or for a loss."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.accounts import accounts, prior, risk, vintage

from mrv.errors import PlanError, StatementError
from mrv.programme.accounts import Accounts, Spread, Totals, Vintage
from mrv.programme.rules import RULES, TEXTS, issue
from mrv.programme.steps import NEGATIVE, TEXT_VERIFIED, Chain, Stated, vintage_shares

CREDITING = ("art-trees-2.0", "vm0033-2.1", "ar-tool14")
KG = st.integers(0, 10**9)
PERCENT = st.integers(0, 100)


@st.composite
def cases(draw):
    years = [
        Vintage(
            2020 + i, draw(KG), -draw(KG), draw(KG), -draw(KG), draw(st.integers(0, 10**7)), draw(st.integers(-(10**6), 10**6))
        )
        for i in range(draw(st.integers(1, 3)))
    ]
    before = Totals(*(draw(st.integers(-(10**9), 10**9)) for _ in range(2)), draw(st.integers(0, 10**7)))
    cumulative = [getattr(before, name) + sum(getattr(y, name) for y in years) for name in ("baseline_kg", "project_kg")]
    sides = [Spread(mean + draw(st.integers(-1000, 1000)), draw(st.integers(0, 10**9))) for mean in cumulative]
    rows = tuple(
        prior(draw(st.integers(2015, 2022)), draw(st.integers(0, 10**5)), draw(st.integers(0, 10**4)), f"{i:02x}")
        for i in range(draw(st.integers(0, 2)))
    )
    return Accounts(
        vintages=tuple(years),
        baseline=sides[0],
        project=sides[1],
        gross=Spread(draw(st.integers(-(10**6), 10**9)), draw(st.integers(0, 10**9))),
        net=Spread(0, 0),
        before=before,
        prior=rows,
        risk=draw(st.none() | st.builds(lambda p: risk(buffer=str(p)), PERCENT)),
        net_at_year_100_kg=draw(st.none() | st.integers(-(10**9), 10**10)),
    )


@pytest.mark.parametrize("programme", RULES)
@given(case=cases())
@settings(deadline=None, max_examples=150)
def test_every_step_starts_from_an_input_or_an_earlier_result(programme, case):
    got = issue(programme, case)
    known = {row.kg for row in got.inputs}
    for step in got.steps[:-1]:
        assert step.unit == "kg CO2e"
        assert step.base in known
        known.add(step.result)
    last = got.steps[-1]
    assert last.unit == "t CO2e"
    assert last.result == last.base == got.issuable_t
    assert last.base * 1000 in known or programme == "ipcc-only"
    assert all(type(number) is int for step in got.steps for number in (step.base, step.result))


@pytest.mark.parametrize("programme", CREDITING)
@given(case=cases())
@settings(deadline=None, max_examples=150)
def test_no_programme_issues_more_than_there_is(programme, case):
    got = issue(programme, case)
    assert list(got.issuable_t_by_vintage) == [row.year for row in case.vintages]
    assert sum(got.issuable_t_by_vintage.values()) == got.issuable_t
    assert min(got.issuable_t, got.buffer_t, *got.issuable_t_by_vintage.values()) >= 0
    credited = sum(row.t_co2e + row.buffer_t for row in case.prior)
    paid = got.issuable_t + got.buffer_t
    if paid:
        assert 1000 * (paid + credited) <= case.cumulative_kg("net_kg")
        assert 1000 * paid <= case.total_kg("net_kg")
        assert case.risk is not None
    assert got.factor is None or 0 <= got.factor <= 1


@pytest.mark.parametrize("programme", CREDITING)
@given(case=cases(), more=st.integers(1, 10**9))
@settings(deadline=None, max_examples=100)
def test_more_uncertainty_never_issues_more(programme, case, more):
    def wider(spread):
        return Spread(spread.mean_kg, spread.half_width_90_kg + more)

    noisy = replace(case, baseline=wider(case.baseline), project=wider(case.project), gross=wider(case.gross))
    calm, rough = issue(programme, case), issue(programme, noisy)
    assert rough.issuable_t + rough.buffer_t <= calm.issuable_t + calm.buffer_t


@pytest.mark.parametrize("programme", CREDITING)
@given(case=cases())
@settings(deadline=None, max_examples=100)
def test_the_same_period_is_never_credited_again(programme, case):
    first = issue(programme, case)
    again = tuple(prior(year, tonnes, attestation="ee") for year, tonnes in first.issuable_t_by_vintage.items())
    again += (prior(case.vintages[0].year, 0, first.buffer_t, "ef"),)
    second = issue(programme, replace(case, prior=case.prior + again))
    # What whole tonnes left over: less than one a vintage and one of the buffer.
    assert second.issuable_t + second.buffer_t <= len(case.vintages) + 1


@pytest.mark.parametrize("programme", CREDITING)
def test_a_negative_net_is_said_and_carried(programme):
    got = issue(programme, accounts(vintage(2020, project=(100, 0))))
    assert got.issuable_t == got.buffer_t == 0
    assert got.carried_forward_kg == -100_000
    assert [step.equation for step in got.steps if step.base == -100_000][-1] == NEGATIVE


@pytest.mark.parametrize("programme", CREDITING)
def test_a_loss_before_the_period_is_made_good_first(programme):
    got = issue(programme, accounts(vintage(2021, project=(0, -150)), before=(0, 100, 0), risk=risk("0"), gross=Spread(10, 0)))
    assert got.issuable_t == 50


@pytest.mark.parametrize("programme", CREDITING)
def test_what_was_credited_before_and_lost_since_is_made_good_first(programme):
    case = accounts(
        vintage(2022, project=(0, -150)), before=(0, -20, 0), prior=(prior(2020, 90, 10),), risk=risk("0"), gross=Spread(10, 0)
    )
    assert issue(programme, case).issuable_t == 70


@pytest.mark.parametrize("programme", CREDITING)
def test_tonnes_not_claimed_earlier_are_not_issued_as_this_vintage(programme):
    got = issue(programme, accounts(vintage(2021, project=(0, -50)), before=(0, -100, 0), risk=risk("0"), gross=Spread(10, 0)))
    assert got.issuable_t == 50


@pytest.mark.parametrize("programme", CREDITING)
def test_a_vintage_credited_before_is_not_credited_again(programme):
    case = accounts(
        vintage(2020, project=(0, -100)), vintage(2021, project=(0, -100)), prior=(prior(2020, 100),), risk=risk("0"),
        gross=Spread(10, 0),
    )  # fmt: skip
    assert issue(programme, case).issuable_t_by_vintage == {2020: 0, 2021: 100}


@pytest.mark.parametrize("programme", CREDITING)
def test_without_a_risk_report_nothing_is_issued(programme):
    got = issue(programme, accounts(vintage(2020, project=(0, -100)), risk=None, gross=Spread(10, 0)))
    assert got.issuable_t == got.buffer_t == 0
    assert any("no risk report" in step.input for step in got.steps)


@pytest.mark.parametrize("programme", CREDITING)
def test_the_buffer_rounds_up_and_the_tonnes_down(programme):
    year = Vintage(2020, 0, 0, 0, -1_999)
    got = issue(programme, accounts(year, risk=risk("0.1"), gross=Spread(10, 0)))
    assert (got.issuable_t, got.buffer_t) == (0, 1)


@pytest.mark.parametrize("programme", CREDITING)
def test_a_buffer_of_all_leaves_nothing(programme):
    got = issue(programme, accounts(vintage(2020, project=(0, -100)), risk=risk("100"), gross=Spread(10, 0)))
    assert (got.issuable_t, got.buffer_t) == (0, 100)


@pytest.mark.parametrize("programme", CREDITING)
def test_each_vintage_is_floored_once(programme):
    years = [Vintage(year, 0, 0, 0, -1_600) for year in (2020, 2021, 2022)]
    got = issue(programme, accounts(*years, risk=risk("0"), gross=Spread(10, 0)))
    assert got.issuable_t_by_vintage == {2020: 1, 2021: 1, 2022: 1}


def test_trees_without_a_percentage_issues_nothing():
    got = issue("art-trees-2.0", accounts(vintage(2020, project=(0, -100)), gross=Spread(0, 0)))
    assert got.issuable_t == 0
    assert got.uncertainty.percent is None
    assert any("no percentage" in step.input for step in got.steps)


def test_trees_takes_leakage_after_uncertainty_and_buffer_of_the_gross():
    year = vintage(2020, baseline=(1500, 0), project=(500, 0), leakage=100)
    got = issue("art-trees-2.0", accounts(year, gross_percent=50, risk=risk("10")))
    assert got.buffer_t == 100
    assert got.issuable_t == 640  # 1000 − 159.397 − 100 − 100


def test_ar_tool14_discounts_both_sides_against_the_project():
    year = vintage(2020, baseline=(0, -100), project=(0, -1000))
    assert issue("ar-tool14", accounts(year, half_widths=(50, 0), risk=risk("0"))).issuable_t == 850
    assert issue("ar-tool14", accounts(year, half_widths=(0, 15), risk=risk("0"))).issuable_t == 862  # 900 − 37.5
    assert issue("ar-tool14", accounts(year, half_widths=(50, 15), risk=risk("0"))).issuable_t == 812


def test_ar_tool14_without_a_mean_discounts_the_whole_half_width():
    case = replace(accounts(vintage(2020, project=(0, -1000)), risk=risk("0")), baseline=Spread(0, 200_000))
    assert issue("ar-tool14", case).issuable_t == 800


def test_ipcc_only_shows_the_net_and_issues_nothing():
    got = issue("ipcc-only", accounts(vintage(2020, baseline=(500, 0), project=(100, -50), leakage=20)))
    assert [step.result for step in got.steps] == [450_000, 430_000, 0]
    assert got.issuable_t_by_vintage == {2020: 0}
    assert "no crediting" in got.steps[-1].equation


def test_a_year_that_repairs_an_earlier_loss_earns_nothing():
    case = accounts(vintage(2020, project=(50, 0)), vintage(2021, project=(0, -50)), vintage(2022, project=(0, -30)))
    assert vintage_shares(case) == {2020: 0, 2021: 0, 2022: 1}


def test_shares_of_nothing_are_nothing():
    assert vintage_shares(accounts(vintage(2020, project=(50, 0)))) == {2020: Fraction(0)}


def test_an_unknown_programme_is_refused():
    with pytest.raises(PlanError) as error:
        issue("vm0048", accounts(vintage(2020)))
    assert error.value.error_code == "programme.unknown"
    assert "vm0033-2.1" in error.value.hint


def test_every_programme_says_what_was_read():
    assert set(TEXTS) == set(RULES) == set(TEXT_VERIFIED)
    assert {name for name, read in TEXT_VERIFIED.items() if read} == {"ipcc-only", "vm0033-2.1"}
    assert all("not read" in TEXTS[name] for name in ("art-trees-2.0", "ar-tool14"))


def test_a_step_from_nowhere_is_refused():
    chain = Chain([Stated("a", 5)])
    assert chain.kg("half", 5, "2", 2) == 2
    assert chain.kg("again", 2, "2", 1) == 1
    with pytest.raises(StatementError) as error:
        chain.kg("from nowhere", 7, "2", 3)
    assert error.value.error_code == "programme.chain"


@pytest.mark.parametrize(
    ("years", "code"),
    [
        ({"vintages": ()}, "programme.years"),
        ({"vintages": (vintage(2020), vintage(2022))}, "programme.years"),
        ({"vintages": (vintage(2020), vintage(2020))}, "programme.years"),
        ({"vintages": (vintage(2021), vintage(2020))}, "programme.years"),
    ],
)
def test_years_that_are_not_consecutive_are_refused(years, code):
    with pytest.raises(PlanError) as error:
        replace(accounts(vintage(2020)), **years)
    assert error.value.error_code == code


@pytest.mark.parametrize("flows", [(-1, 0, 0, 0), (0, 1, 0, 0), (0, 0, -1, 0), (0, 0, 0, 1)])
def test_a_flow_of_the_wrong_sign_is_refused(flows):
    with pytest.raises(PlanError, match="wrong sign") as error:
        Vintage(2020, *flows)
    assert "positive goes to the atmosphere" in error.value.hint


def test_leakage_that_helps_is_refused():
    with pytest.raises(PlanError) as error:
        Vintage(2020, 0, 0, 0, 0, -1)
    assert error.value.error_code == "programme.leakage"


def test_a_negative_half_width_is_refused():
    with pytest.raises(PlanError) as error:
        Spread(5, -1)
    assert error.value.error_code == "programme.half-width"


def test_accounts_are_frozen():
    with pytest.raises(FrozenInstanceError):
        accounts(vintage(2020)).risk = None
