"""How figures are written in findings: the same value always gives the same characters, whatever zeros it was stored with."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from purveyor.core.money import minor_digits, round_amount


def number(value: Decimal) -> str:
    """Write a quantity with thousands separators and no trailing zeros: ``2,880`` or ``7.5``."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(value: Decimal, currency: str) -> str:
    """Write an amount rounded to the minor unit, with its currency: ``248,832.00 USD``."""
    return f"{round_amount(value, currency):,f} {currency}"


def price(value: Decimal, currency: str) -> str:
    """Write a unit price with at least the minor digits of its currency and at most six: ``10.00``, ``0.0835``."""
    shown = f"{value.quantize(Decimal('0.000001'), rounding=ROUND_HALF_UP):,f}".rstrip("0")
    whole, _, digits = shown.partition(".")
    digits = digits.ljust(minor_digits(currency), "0")
    return f"{whole}.{digits}" if digits else whole


def percent(value: Decimal) -> str:
    """Write a signed percentage with two digits, half up: ``+5.00 %``."""
    return f"{value.quantize(Decimal('0.01'), rounding=ROUND_HALF_UP):+f} %"


def quantity(value: Decimal, uom: str) -> str:
    """Write a quantity with its unit: ``20 carton``."""
    return f"{number(value)} {uom}"
