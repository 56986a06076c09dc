"""Quantities and units: conversion is an exact ratio, never a rounded factor.

Units are written as the ERP's codes; factors to the item's base unit may be common (a dozen) or belong to one item (a carton).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction

from purveyor.core.errors import PurveyorError


class UnknownUnit(PurveyorError):
    """The unit has no conversion for this item; add the factor to the item or use one of its units."""

    code = "uom_unknown"


@dataclass(frozen=True, slots=True)
class UnitTable:
    """Exact factors of units to the base unit of one item: ``factors[uom]`` base units are one ``uom``."""

    base_uom: str
    factors: Mapping[str, Fraction] = field(default_factory=dict)

    def knows(self, uom: str) -> bool:
        """Say whether a quantity in this unit can be converted."""
        return uom == self.base_uom or uom in self.factors

    def ratio(self, from_uom: str, to_uom: str) -> Fraction:
        """Return how many ``to_uom`` are in one ``from_uom``, exactly; raise UnknownUnit."""
        return self._factor(from_uom) / self._factor(to_uom)

    def _factor(self, uom: str) -> Fraction:
        if uom == self.base_uom:
            return Fraction(1)
        try:
            return self.factors[uom]
        except KeyError:
            raise UnknownUnit(uom=uom, base_uom=self.base_uom) from None

    def convert(self, quantity: Decimal, from_uom: str, to_uom: str) -> Fraction:
        """Convert a quantity exactly; the result may be a fraction that no decimal can hold."""
        return Fraction(quantity) * self.ratio(from_uom, to_uom)

    def convert_decimal(self, quantity: Decimal, from_uom: str, to_uom: str) -> Decimal:
        """Convert a quantity and write it as a decimal of at most 28 digits, for people and for sums that end in rounding."""
        return as_decimal(self.convert(quantity, from_uom, to_uom))


def as_decimal(value: Fraction) -> Decimal:
    """Write an exact ratio as a decimal of at most 28 digits; whole and finite values stay exact."""
    with localcontext() as context:
        context.prec = 28
        return (Decimal(value.numerator) / Decimal(value.denominator)).normalize() + 0


@dataclass(frozen=True, slots=True)
class Quantity:
    """A decimal number of one unit."""

    value: Decimal
    uom: str
