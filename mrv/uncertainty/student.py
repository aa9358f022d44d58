"""Student-t quantiles that are the same on every machine.

The scalar is exact to its printed digits: for whole degrees of freedom the distribution is a finite sum, inverted in
50-digit decimals and rounded to twelve places; registries recompute intervals with it, without NumPy.

References:
    Abramowitz & Stegun 1964, 26.7.3–26.7.4 (finite sums).
"""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

from mrv.errors import PlanError
from mrv.units import round_half_even

MAX_DF = 100_000
PLACES = 12
_PRECISION = 50
_DONE = Decimal(1).scaleb(-44)
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230782")


@lru_cache(maxsize=4096, typed=True)
def student_quantile(p: Fraction, df: int) -> Fraction:
    """Quantile of Student's t, rounded to twelve decimals.

    Args:
        p: Probability inside (0, 1), at least 10⁻²⁰ from its ends.
        df: Degrees of freedom, 1 to 100,000, whole: round a fractional one down.

    Raises:
        PlanError: ``p`` or ``df`` outside its range.
    """
    check_df(df)
    if not Fraction(1, 10**20) <= p <= 1 - Fraction(1, 10**20):
        raise PlanError(f"no quantile at probability {float(p):g}", code="uncertainty.probability", hint="inside (0, 1)")
    if p < Fraction(1, 2):
        return -student_quantile(1 - p, df)
    with localcontext(Context(prec=_PRECISION)):
        upper = (1 - p) * 2
        t = upper_quantile(Decimal(upper.numerator) / Decimal(upper.denominator), df, Decimal(0))
    return Fraction(round_half_even(Fraction(t) * 10**PLACES), 10**PLACES)


def upper_quantile(two_sided: Decimal, df: int, start: Decimal) -> Decimal:
    """The t whose two-sided tail probability is given, by Newton's steps from the left.

    The distribution is concave right of zero, so from the left no step overshoots and every start converges.

    Args:
        two_sided: Pr(|T| > t), in the caller's decimal context.
        df: Degrees of freedom.
        start: A value not above the quantile.
    """
    t, peak = start, 2 * density_at_zero(df)
    for _ in range(400):
        cos2 = Decimal(df) / (df + t * t)
        slope = peak * cos2 ** ((df + 1) // 2) * (1 if df % 2 else cos2.sqrt())
        step = (1 - two_sided - central(t, df)) / slope
        t += step
        if abs(step) <= _DONE * (1 + abs(t)):
            break
    return t


def central(t: Decimal, df: int) -> Decimal:
    """Pr(|T| ≤ t) for t ≥ 0 (Abramowitz & Stegun 26.7.3, 26.7.4)."""
    if t <= 0:
        return Decimal(0)
    whole = df + t * t
    sin, cos2 = t / whole.sqrt(), df / whole
    if df % 2 == 0:
        return sin * _series(cos2, df // 2, odd=False)
    angle = _atan(t / Decimal(df).sqrt())
    return 2 / PI * (angle + (sin * cos2.sqrt() * _series(cos2, (df - 1) // 2, odd=True) if df > 1 else 0))


def density_at_zero(df: int) -> Decimal:
    """Density of t at 0."""
    half, product = df // 2, Decimal(1)
    for k in range(1, half + 1):
        product = product * (2 * k - 1) / (2 * k)
    return product * (Decimal(half) / 2).sqrt() if df % 2 == 0 else 1 / (product * PI * Decimal(df).sqrt())


def check_df(df: int) -> None:
    """Refuse degrees of freedom that are not whole or outside 1 to 100,000.

    Raises:
        PlanError: Outside.
    """
    if not isinstance(df, int) or isinstance(df, bool) or not 1 <= df <= MAX_DF:
        raise PlanError(f"{df} degrees of freedom", code="uncertainty.degrees-of-freedom",
                        hint=f"a whole number from 1 to {MAX_DF}: sample more units, or round down")  # fmt: skip


def _series(cos2: Decimal, terms: int, *, odd: bool) -> Decimal:
    total = term = Decimal(1)
    for k in range(1, terms):
        term = term * (2 * k if odd else 2 * k - 1) / (2 * k + 1 if odd else 2 * k) * cos2
        total += term
    return total


def _atan(x: Decimal) -> Decimal:
    """Arc tangent of x ≥ 0: halve the angle until the series is short."""
    if x > 1:
        return PI / 2 - _atan(1 / x)
    for _ in range(8):
        x /= 1 + (1 + x * x).sqrt()
    total = term = x
    k = 1
    while abs(term) > Decimal(1).scaleb(-_PRECISION - 4):
        term *= -x * x
        k += 2
        total += term / k
    return total * 256
