"""The two distributions that intervals need and the standard library lacks."""

from __future__ import annotations

import math

_STEPS, _ENOUGH, _TINY = 300, 1e-15, 1e-300


def t_quantile(p: float, df: float) -> float:
    """The p quantile of Student's t, p from 0.5 on."""
    low, high = 0.0, 2.0
    while t_cdf(high, df) < p:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if t_cdf(middle, df) < p else (low, middle)
    return (low + high) / 2


def t_cdf(t: float, df: float) -> float:
    """The share of Student's t below a value."""
    tail = 0.5 * incomplete_beta(df / 2, 0.5, df / (df + t * t))
    return 1 - tail if t > 0 else tail


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Lentz's way through the continued fraction."""
    c, d = 1.0, 1 / _apart(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _apart(1 + term * d)
            c = _apart(1 + term / c)
            found *= d * c
        if abs(d * c - 1) < _ENOUGH:
            break
    return found


def _apart(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def binomial_two_sided(hits: int, n: int) -> float:
    """The exact p-value of so many hits in n fair tosses."""
    if not n:
        return 1.0
    tail = math.fsum(math.comb(n, k) * 0.5**n for k in range(min(hits, n - hits) + 1))
    return min(1.0, 2 * tail)
