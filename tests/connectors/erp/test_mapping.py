"""Each adapter says which fields its ERP gives and by which interfaces it works; both are held against facts."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from purveyor.connectors.erp.contract import START
from purveyor.connectors.erp.files import FilesAccess, FilesConnector, Layout
from purveyor.connectors.erp.mapping import RECORDS, Checked, Given, Source, canonical_fields, check_mapping, mapped, writes_last
from purveyor.connectors.erp.tryton.mapping import INTERFACES, SOURCES
from purveyor.connectors.erp.tryton.rpc import RpcCall
from purveyor.core.erp_records import Entity
from purveyor.core.erp_results import Applied
from tests.connectors.erp.conftest import PYTHON
from tests.connectors.erp.desks import ROOT, Desk, FilesDesk, TrytonDesk
from tests.connectors.erp.test_contract import a_receipt, again, an_invoice, confirmed

NOTHING: tuple[object, ...] = (None, (), "", 0)


def by_name(checked: list[Checked], entity: Entity) -> dict[str, Checked]:
    return {one.field.name: one for one in checked if one.field.entity is entity}


def values_of(record: Any, path: str) -> list[object]:
    """Everything a record says in a field, part by part."""
    name, _, rest = path.partition(".")
    found = getattr(record, name)
    return [value for part in found for value in values_of(part, rest)] if rest else [found]


def test_s87_every_erp_has_a_list_of_mapped_defaulted_and_missing_fields_and_lacks_nothing_mandatory(desk: Desk) -> None:
    desk.draft()

    checked = check_mapping(desk.connector.sources)

    assert len(checked) == len(list(canonical_fields()))
    assert [one for one in checked if one.fails] == []
    for one in checked:
        if one.given is Given.MISSING:
            records = desk.connector.pull(one.field.entity, START).records
            said = {value for record in records for value in values_of(record, one.field.name)}
            assert said <= set(NOTHING), one.field


def test_s87_an_erp_without_a_mandatory_field_fails_and_the_field_is_named() -> None:
    without = {entity: dict(given) for entity, given in SOURCES.items()}
    del without[Entity.ITEM]["base_uom"]
    without[Entity.ITEM]["status"] = Source("'active'", default=True)

    checked = check_mapping(without)

    assert [(one.field.entity, one.field.name) for one in checked if one.fails] == [(Entity.ITEM, "base_uom")]
    assert by_name(checked, Entity.ITEM)["status"].given is Given.DEFAULTED


def test_a_source_of_a_field_that_is_not_in_the_model_is_a_mistake() -> None:
    with pytest.raises(KeyError, match=r"site\.colour"):
        check_mapping({Entity.SITE: mapped(colour="paint")})


def test_the_model_is_read_off_the_records() -> None:
    names = {field.name for field in canonical_fields() if field.entity is Entity.ORDER}
    record = {field.name for field in fields(RECORDS[Entity.ORDER])}

    assert record - {"lines"} <= names
    assert {"lines.quantity", "lines.unit_price"} <= names


def a_folder(root: Path, **files: str) -> FilesConnector:
    (root / ".purveyor").touch()
    (root / "from_erp").mkdir()
    for name, content in files.items():
        (root / "from_erp" / f"{name}.csv").write_text(content, "utf-8")
    layout = Layout(columns={"items": {"sku": "ARTNR"}}, defaults={"items": {"uom_category": "Units"}})
    return FilesConnector(FilesAccess(root, layout, settle=timedelta(0)))


def test_s87_files_are_judged_by_the_columns_they_really_have(tmp_path: Path) -> None:
    erp = a_folder(tmp_path, items="ARTNR,base_uom\nP-1,EA\n", suppliers="code,name\nBORN,Born\n")

    checked = check_mapping(erp.sources)

    items, suppliers = by_name(checked, Entity.ITEM), by_name(checked, Entity.SUPPLIER)
    assert (items["sku"].given, items["sku"].where) == (Given.MAPPED, "items: ARTNR")
    assert (items["external_id"].given, items["external_id"].where) == (Given.DEFAULTED, "as items: ARTNR")
    assert (items["uom_category"].given, items["uom_category"].where) == (Given.DEFAULTED, "'Units'")
    assert items["sales_price"].given is Given.MISSING
    assert suppliers["currency"].fails
    assert by_name(checked, Entity.ORDER)["lines.quantity"].where == "orders: quantity (no file yet)"


def core_flow(desk: Desk, our_ref: str) -> None:
    """An order from the draft to the paid bill."""
    order = confirmed(desk, our_ref)
    desk.connector.post_receipt(a_receipt(order, our_ref, "12"), order.version)
    posted = desk.connector.post_invoice(an_invoice(order, our_ref, "12"), again(desk, order).version)
    assert isinstance(posted, Applied)
    held = desk.connector.hold_invoice(posted.external_id, posted.version)
    assert isinstance(held, Applied)
    assert isinstance(desk.connector.release_invoice(posted.external_id, held.version), Applied)
    for entity in RECORDS:
        desk.connector.pull(entity, START)
    desk.connector.reconcile(Entity.ORDER)


@pytest.mark.tryton
def test_s88_an_unmodified_tryton_is_spoken_to_by_its_own_methods_only_and_all_of_them_are_listed(
    tryton_desk: TrytonDesk, audit: list[RpcCall], our_ref: str
) -> None:
    core_flow(tryton_desk, our_ref)

    used = {(f"model.{call.model}.{call.method}", call.writes) for call in audit}

    listed = {(interface.name, interface.writes) for interface in tryton_desk.connector.interfaces}
    assert used <= listed
    installed = {path.name for path in (PYTHON.parents[1] / "lib").glob("python3*/site-packages/trytond/modules/*")}
    assert installed
    assert not {name for name in installed if "purveyor" in name}


def test_s88_every_file_that_is_exchanged_is_listed(tmp_path: Path, our_ref: str) -> None:
    desk = FilesDesk(tmp_path / "legacy")
    core_flow(desk, our_ref)

    asked = {path.name.partition(".")[0] for path in (tmp_path / "legacy" / "sent").glob("[!.]*")}
    took = {path.name.split("~")[-1].partition(".")[0] for path in (tmp_path / "legacy" / "done").iterdir()}

    listed = {interface.name for interface in desk.connector.interfaces}
    assert {f"to_erp/{kind}.REFERENCE.NUMBER.csv" for kind in asked} == {name for name in listed if name.startswith("to_erp")}
    assert {f"from_erp/{kind}*.csv, .xlsx" for kind in took} <= listed


def test_s88_the_interfaces_stand_in_the_reference() -> None:
    said = (ROOT / "docs" / "reference" / "erp-mapping.md").read_text("utf-8")

    assert all(f"`{interface.name}`" in said for interface in INTERFACES)
    assert [one.writes for one in writes_last(INTERFACES)] == sorted(one.writes for one in INTERFACES)
