"""What the canonical model asks of an ERP, and what one ERP gives: field by field mapped, defaulted or missing.

The model is read off the records themselves; an adapter says where each field comes from, and by which interfaces it works.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Final

from purveyor.core.erp_records import (
    Entity,
    ErpAgreement,
    ErpAgreementLine,
    ErpDemand,
    ErpItem,
    ErpOrder,
    ErpOrderLine,
    ErpPriceBreak,
    ErpSite,
    ErpStock,
    ErpSupplier,
    ErpSupplierItem,
    ErpUom,
)

RECORDS: Final[Mapping[Entity, type]] = {
    Entity.SITE: ErpSite,
    Entity.UOM: ErpUom,
    Entity.ITEM: ErpItem,
    Entity.SUPPLIER: ErpSupplier,
    Entity.SUPPLIER_ITEM: ErpSupplierItem,
    Entity.AGREEMENT: ErpAgreement,
    Entity.STOCK: ErpStock,
    Entity.DEMAND: ErpDemand,
    Entity.ORDER: ErpOrder,
}
"""Every entity that is read from an ERP, and its record."""
_PARTS: Final[Mapping[tuple[type, str], type]] = {
    (ErpOrder, "lines"): ErpOrderLine,
    (ErpAgreement, "lines"): ErpAgreementLine,
    (ErpAgreementLine, "price_breaks"): ErpPriceBreak,
    (ErpSupplierItem, "price_breaks"): ErpPriceBreak,
}


@dataclass(frozen=True, slots=True)
class CanonicalField:
    """One field of the model, parts as ``lines.quantity``; a ``mandatory`` one has no value that could stand for it."""

    entity: Entity
    name: str
    type: str
    mandatory: bool


def canonical_fields() -> Iterator[CanonicalField]:
    """Yield every field of the canonical model, entity by entity."""
    for entity, record in RECORDS.items():
        yield from _fields_of(entity, record, "", True)


def _fields_of(entity: Entity, record: type, before: str, needed: bool) -> Iterator[CanonicalField]:
    for field in fields(record):
        part = _PARTS.get((record, field.name))
        if part is not None:
            yield from _fields_of(entity, part, f"{before}{field.name}.", needed and field.default is MISSING)
        else:
            optional = "None" in str(field.type) or field.default is not MISSING
            yield CanonicalField(entity, f"{before}{field.name}", str(field.type), needed and not optional)


@dataclass(frozen=True, slots=True)
class Source:
    """Where an ERP's field comes from; ``default``: nothing there says it, the adapter fills it in."""

    where: str
    default: bool = False


Sources = Mapping[Entity, Mapping[str, Source]]


class Given(StrEnum):
    """Whether an ERP gives a field."""

    MAPPED = "mapped"
    DEFAULTED = "defaulted"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Checked:
    """One field of the model as one ERP gives it."""

    field: CanonicalField
    given: Given
    where: str

    @property
    def fails(self) -> bool:
        """Whether the ERP cannot be connected like this."""
        return self.given is Given.MISSING and self.field.mandatory


def check_mapping(sources: Sources) -> list[Checked]:
    """Hold what an ERP gives against the model. Raises KeyError for a source of a field that is not in the model."""
    model = list(canonical_fields())
    known = {(field.entity, field.name) for field in model}
    for entity, given in sources.items():
        for name in given:
            if (entity, name) not in known:
                raise KeyError(f"{entity}.{name}")
    return [_checked(field, sources.get(field.entity, {}).get(field.name)) for field in model]


def _checked(field: CanonicalField, source: Source | None) -> Checked:
    if source is None:
        return Checked(field, Given.MISSING, "")
    return Checked(field, Given.DEFAULTED if source.default else Given.MAPPED, source.where)


@dataclass(frozen=True, slots=True)
class Interface:
    """One standard interface of an ERP that an adapter uses, and what for."""

    name: str
    purpose: str
    writes: bool = False


def mapped(**where: str) -> dict[str, Source]:
    """Return sources by field; ``lines__quantity`` is ``lines.quantity``, and a text that begins with ``=`` is a default."""
    return {name.replace("__", "."): Source(text.removeprefix("="), default=text.startswith("=")) for name, text in where.items()}


def writes_last(interfaces: Sequence[Interface]) -> list[Interface]:
    """Return the interfaces in the order of a manual: reads by name, then writes."""
    return sorted(interfaces, key=lambda one: (one.writes, one.name))
