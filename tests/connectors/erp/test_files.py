"""What is particular to an ERP that exchanges files: late, repeated and damaged files, corrections, answers that take a night."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook

from purveyor.connectors.contract import PermanentError, RetryableError
from purveyor.connectors.erp.contract import START, Cursor
from purveyor.connectors.erp.files import FilesAccess, FilesConnector, Layout
from purveyor.connectors.erp.files.layout import kind_of, tells_everything
from purveyor.connectors.tables.cells import Dialect
from purveyor.core.erp_records import Entity, ErpItem, ErpOrder, ErpSupplier
from purveyor.core.erp_results import Applied, Conflict, Duplicate, Rejected, Unknown
from tests.connectors.erp.desks import FilesDesk
from tests.connectors.erp.test_contract import a_receipt, an_invoice, confirmed

SUPPLIERS = "code,name,currency\nBORN,Born Pumpen,EUR\nHALM,Halm Dichtungen,EUR\n"
ORDERS = "id,supplier,currency,status,line_no,item,quantity,uom,unit_price\n"


class Folders:
    """The folders of one ERP and the adapter on them; what arrives has rested long enough."""

    def __init__(self, root: Path, layout: Layout | None = None) -> None:
        root.mkdir(exist_ok=True)
        (root / ".purveyor").touch()
        (root / "from_erp").mkdir(exist_ok=True)
        self.root = root
        self.waits: list[timedelta] = []
        self.ahead = timedelta(hours=1)
        self._access = FilesAccess(root, layout or Layout(), patience=timedelta(0))
        self.erp = self.another_worker()

    def another_worker(self) -> FilesConnector:
        return FilesConnector(self._access, clock=lambda: datetime.now(UTC) + self.ahead, pause=self.waits.append)

    def arrives(self, name: str, content: str | bytes) -> None:
        (self.root / "from_erp" / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    def suppliers(self) -> dict[str, ErpSupplier]:
        return {one.code: one for one in self.erp.pull(Entity.SUPPLIER, START).records if isinstance(one, ErpSupplier)}

    def inside(self, part: str) -> list[str]:
        return sorted(path.name for path in (self.root / part).iterdir() if not path.name.startswith("."))

    def said(self, part: str, name: str) -> str:
        return (self.root / part / name).read_text("utf-8-sig")


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "erp")


def test_a_half_written_file_waits_until_it_is_whole(folders: Folders) -> None:
    folders.ahead = timedelta(0)
    folders.arrives("suppliers.20260309.csv", SUPPLIERS[:40])

    early = folders.suppliers()
    folders.arrives("suppliers.20260309.csv", SUPPLIERS)
    folders.ahead = timedelta(seconds=6)

    assert early == {}
    assert folders.waits == [timedelta(seconds=5)]
    assert set(folders.suppliers()) == {"BORN", "HALM"}


def test_the_same_file_twice_changes_nothing(folders: Folders) -> None:
    folders.arrives("suppliers.20260309.csv", SUPPLIERS)
    first = folders.erp.pull(Entity.SUPPLIER, START)
    folders.arrives("suppliers.20260309.csv", SUPPLIERS)

    again = folders.erp.pull(Entity.SUPPLIER, first.cursor)

    assert again.records == ()
    assert len(folders.inside("done")) == 1


def test_a_late_file_does_not_overwrite_what_a_later_export_said(folders: Folders) -> None:
    folders.arrives("suppliers.20260310.csv", SUPPLIERS.replace("Born Pumpen", "Born Pumpen GmbH"))
    folders.suppliers()
    folders.arrives("suppliers.20260309.csv", SUPPLIERS + "NEU,Neu,EUR\n")

    found = folders.suppliers()

    assert found["BORN"].name == "Born Pumpen GmbH"
    assert found["NEU"].updated_at == datetime(2026, 3, 9, tzinfo=UTC)


def test_what_a_whole_export_leaves_out_is_gone_and_a_late_file_does_not_bring_it_back(folders: Folders) -> None:
    folders.arrives("suppliers.full.20260309.csv", SUPPLIERS)
    folders.suppliers()
    folders.arrives("suppliers.full.20260310.csv", "code,name,currency\nBORN,Born,EUR\n")
    folders.suppliers()
    folders.arrives("suppliers.20260308.csv", SUPPLIERS)

    assert set(folders.suppliers()) == {"BORN"}
    assert folders.erp.reconcile(Entity.SUPPLIER) == {"BORN"}
    assert folders.inside("archive") != []


def test_nothing_is_taken_for_deleted_before_an_export_told_everything(folders: Folders) -> None:
    folders.arrives("suppliers.20260309.csv", SUPPLIERS)

    with pytest.raises(RetryableError, match="nobody knows what is gone"):
        folders.erp.reconcile(Entity.SUPPLIER)


def test_a_bad_row_in_a_whole_export_does_not_delete_its_record(folders: Folders) -> None:
    folders.arrives("suppliers.full.20260309.csv", SUPPLIERS)
    folders.suppliers()
    folders.arrives("suppliers.full.20260310.csv", "code,name,currency\nBORN,Born,EUR\nHALM,Halm,\n")

    assert set(folders.suppliers()) == {"BORN", "HALM"}


def test_a_whole_export_with_a_row_of_nobody_deletes_nothing(folders: Folders) -> None:
    folders.arrives("suppliers.full.20260309.csv", SUPPLIERS)
    folders.suppliers()
    folders.arrives("suppliers.full.20260310.csv", "code,name,currency\nBORN,Born,EUR\n,Halm,EUR\n")

    assert set(folders.suppliers()) == {"BORN", "HALM"}


def test_bad_rows_are_laid_out_with_their_reason_and_taken_once_they_are_corrected(folders: Folders) -> None:
    content = "code,name,currency,lead_time_days\nBORN,Born,EUR,14\nHALM,Halm,EUR,two weeks\n"
    folders.arrives("suppliers.full.20260309.csv", content)

    first = folders.suppliers()
    listed = folders.erp.health().problems
    name = "suppliers.full.20260309.corrections.csv"
    laid_out = folders.said("corrections", name)
    (folders.root / "corrections" / name).rename(folders.root / "from_erp" / name)
    (folders.root / "from_erp" / name).write_text(laid_out.replace("EUR,two weeks", "EUR,15"), "utf-8")

    assert set(first) == {"BORN"}
    assert len(laid_out.splitlines()) == 2
    assert "HALM,Halm,EUR,two weeks,3,lead_time_days,\"lead_time_days is no number: 'two weeks' (" in laid_out
    assert [problem.partition(": ")[0] for problem in listed] == [f"{name} row 3"]
    assert folders.suppliers()["HALM"].lead_time_days == 15
    assert folders.erp.health().problems == ()


def test_a_copy_of_a_corrected_file_clears_the_list_too(folders: Folders) -> None:
    folders.arrives("suppliers.20260309.csv", "code,name,currency\nHALM,Halm,\n")
    folders.suppliers()

    folders.arrives("suppliers.20260309.corrections.csv", "code,name,currency,row_in_file\nHALM,Halm,EUR,2\n")

    assert set(folders.suppliers()) == {"HALM"}
    assert folders.inside("corrections") == []


def test_an_order_with_one_bad_line_waits_as_a_whole_and_the_others_go_on(folders: Folders) -> None:
    lines = "7,BORN,EUR,draft,1,P-1,4,EA,10\n7,BORN,EUR,draft,2,P-2,four,EA,10\n8,BORN,EUR,draft,1,P-1,4,EA,10\n"
    folders.arrives("orders.20260309.csv", ORDERS + lines)

    page = folders.erp.pull(Entity.ORDER, START)

    assert [record.external_id for record in page.records] == ["8"]
    reasons = [problem.partition(": ")[2] for problem in folders.erp.health().problems]
    assert "another row" in reasons[0]
    assert "quantity is no number" in reasons[1]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("7,BORN,EUR,draft,1,P-1,4,EA,10\n7,HALM,EUR,draft,2,P-2,4,EA,10\n", "another supplier"),
        ("7,BORN,EUR,draft,1,P-1,4,EA,10\n7,BORN,EUR,draft,1,P-2,4,EA,10\n", "line number"),
        ("7,BORN,EUR,draft,1,P-1,4,EA,10,11\n", "10 cells"),
        ("7,BORN,EUR,unheard,1,P-1,4,EA,10\n", "is none of draft"),
    ],
)
def test_an_order_that_contradicts_itself_is_not_taken(folders: Folders, lines: str, why: str) -> None:
    folders.arrives("orders.20260309.csv", ORDERS + lines)

    assert folders.erp.pull(Entity.ORDER, START).records == ()
    assert all(why in problem for problem in folders.erp.health().problems)


def test_one_item_told_in_two_ways_by_one_file_is_not_guessed(folders: Folders) -> None:
    folders.arrives("suppliers.20260309.csv", SUPPLIERS + "BORN,Born & Co,EUR\n")

    assert set(folders.suppliers()) == {"HALM"}
    assert len(folders.erp.health().problems) == 2


def test_a_file_with_a_wrong_heading_is_put_aside_with_a_note(folders: Folders) -> None:
    folders.arrives("suppliers.20260309.csv", SUPPLIERS.replace("currency", "curr"))
    folders.arrives("letter.csv", "Dear all")

    found = folders.suppliers()

    assert found == {}
    assert folders.inside("bad") == [
        "letter.csv",
        "letter.csv.reason.txt",
        "suppliers.20260309.csv",
        "suppliers.20260309.csv.reason.txt",
    ]
    assert folders.said("bad", "suppliers.20260309.csv.reason.txt") == "These columns are missing: currency.\n"
    assert "suppliers.20260309.csv could not be read" in folders.erp.health().problems


def test_a_workbook_is_read_like_a_csv_file_and_its_formulas_are_refused(folders: Folders) -> None:
    workbook = Workbook()
    page = workbook.active
    assert page is not None
    for row in (["code", "name", "currency", "lead_time_days"], ["BORN", "Born", "EUR", 14], ["HALM", "Halm", "EUR", "=7*2"]):
        page.append(row)
    written = io.BytesIO()
    workbook.save(written)
    folders.arrives("suppliers.20260309.xlsx", written.getvalue())

    assert folders.suppliers()["BORN"].lead_time_days == 14
    assert folders.inside("corrections") == ["suppliers.20260309.corrections.xlsx"]
    assert "holds a formula" in folders.erp.health().problems[0]


def test_headings_words_defaults_marks_and_zone_are_those_of_the_installation(tmp_path: Path) -> None:
    layout = Layout(
        columns={"items": {"sku": "ARTNR", "name": "BEZ", "base_uom": "ME", "sales_price": "VK", "status": "ST"}},
        defaults={"items": {"uom_category": "Units"}},
        words={"items": {"status": {"10": "active", "99": "obsolete"}, "base_uom": {"STK": "EA"}}},
        dialect=Dialect(decimal_mark=",", day_format="%d.%m.%Y"),
        zone=timezone(timedelta(hours=1)),
    )
    folders = Folders(tmp_path / "erp", layout)
    folders.arrives("items.20260309T0700.csv", "ARTNR;BEZ;ME;VK;ST\nP-1;Kühlpumpe;STK;139,50;99\n".encode("cp1252"))

    item = folders.erp.pull(Entity.ITEM, START).records[0]

    assert isinstance(item, ErpItem)
    assert (item.name, item.base_uom, item.sales_price, item.status) == ("Kühlpumpe", "EA", Decimal("139.50"), "obsolete")
    assert item.updated_at == datetime(2026, 3, 9, 6, tzinfo=UTC)


def test_stock_is_as_old_as_its_export_and_not_as_its_reading(folders: Folders) -> None:
    folders.arrives("stock.20260309T0600.csv", "item,site,on_hand\nP-1,DAY,96\n")

    page = folders.erp.pull(Entity.STOCK, START)

    assert page.as_of == datetime(2026, 3, 9, 6, tzinfo=UTC)


def test_a_file_without_a_date_in_its_name_is_as_old_as_its_content(folders: Folders) -> None:
    folders.arrives("stock.csv", "item,site,on_hand\nP-1,DAY,96\n")
    folders.arrives("demand.99999999.csv", "item,site,quantity,source_ref\nP-1,DAY,96,SO-1\n")

    stock, demand = folders.erp.pull(Entity.STOCK, START), folders.erp.pull(Entity.DEMAND, START)

    assert stock.as_of is not None
    assert demand.as_of is not None
    assert abs(stock.as_of - datetime.now(UTC)) < timedelta(minutes=1)


def test_names_say_what_is_in_a_file_and_whether_it_tells_everything() -> None:
    told = {name: kind_of(name) for name in ("items.csv", "ITEMS-full-2026.xlsx", "supplier_items.csv", "itemsfull.csv", "a.b")}

    assert [kind.prefix if kind else None for kind in told.values()] == ["items", "items", "supplier_items", None, None]
    items, stock = kind_of("items.csv"), kind_of("stock.csv")
    assert items is not None
    assert stock is not None
    assert tells_everything(items, "items.full.csv")
    assert not tells_everything(items, "items.full.corrections.csv")
    assert not tells_everything(items, "items.csv")
    assert tells_everything(stock, "stock.csv")
    assert not tells_everything(stock, "stock.changes.csv")


def test_a_second_worker_reads_the_same_books_from_the_folder(folders: Folders) -> None:
    folders.arrives("suppliers.20260309.csv", SUPPLIERS)
    folders.suppliers()

    other = folders.another_worker().pull(Entity.SUPPLIER, START)

    assert len(other.records) == 2


# --- writes and their answers ---------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path) -> FilesDesk:
    return FilesDesk(tmp_path / "legacy")


def a_sleeping_erp(folders: Folders) -> ErpOrder:
    folders.arrives("orders.full.20260309.csv", ORDERS + "7,BORN,EUR,draft,1,P-1,4,EA,10\n")
    order = folders.erp.get_order("7")
    assert order is not None
    return order


def test_an_order_whose_answer_takes_a_night_stays_in_doubt_and_is_not_asked_twice(folders: Folders) -> None:
    order = a_sleeping_erp(folders)

    first = folders.erp.confirm(order, "PV000001", order.version)
    second = folders.another_worker().confirm(order, "PV000001", order.version)

    assert first == second == Unknown("PV000001")
    assert folders.inside("to_erp") == folders.inside("sent") == ["confirm.PV000001.1.csv"]
    with pytest.raises(RetryableError, match="waits for the ERP's acknowledgment"):
        folders.erp.find_by_ref(Entity.ORDER, "PV000001")


def test_the_import_file_says_what_was_approved_and_starts_no_formula(folders: Folders) -> None:
    order = a_sleeping_erp(folders)
    order = replace(order, lines=(replace(order.lines[0], description="=cmd()", need_by=date(2026, 3, 23)),))

    folders.erp.confirm(order, "PV000001", order.version)

    head, row = folders.said("to_erp", "confirm.PV000001.1.csv").splitlines()
    said = dict(zip(head.split(","), row.split(","), strict=True))
    assert (said["request"], said["our_reference"], said["order_id"]) == ("confirm.PV000001.1", "PV000001", "7")
    assert (said["quantity"], said["unit_price"], said["need_by"], said["description"]) == ("4", "10", "2026-03-23", "'=cmd()")
    assert said["expected_version"] == order.version


def test_the_acknowledgment_of_the_night_confirms_the_order_before_any_export_shows_it(folders: Folders) -> None:
    order = a_sleeping_erp(folders)
    folders.erp.confirm(order, "PV000001", order.version)
    said = "request,result,number\nconfirm.PV000001.1,applied,4711\nconfirm.PV000001.1,applied,4711\nsomebody else,applied,\n"
    folders.arrives("acknowledgments.20260310.csv", said)

    found = folders.erp.find_by_ref(Entity.ORDER, "PV000001")

    there = folders.erp.get_order("7")
    assert there is not None
    assert found == Applied("7", "4711", there.version)
    assert there.status.confirmed
    assert isinstance(folders.erp.confirm(order, "PV000001", order.version), Duplicate)
    assert "is no request of ours" in folders.erp.health().problems[0]


def test_an_answer_that_never_comes_is_a_persons_question_and_can_be_answered_by_hand(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "erp")
    order = a_sleeping_erp(folders)
    folders.erp.confirm(order, "PV000001", order.version)
    folders.ahead = timedelta(hours=25)

    with pytest.raises(PermanentError, match="still lies in to_erp"):
        folders.erp.find_by_ref(Entity.ORDER, "PV000001")
    assert "confirm.PV000001.1.csv was not fetched" in folders.erp.health().problems
    (folders.root / "to_erp" / "confirm.PV000001.1.csv").unlink()
    with pytest.raises(PermanentError, match="was fetched"):
        folders.erp.find_by_ref(Entity.ORDER, "PV000001")
    folders.arrives("acknowledgments.20260311.csv", "request,result,number\nconfirm.PV000001.1,applied,4711\n")

    assert folders.erp.find_by_ref(Entity.ORDER, "PV000001") is not None


def test_a_refused_order_can_be_asked_again_and_the_old_refusal_does_not_answer_it(folders: Folders) -> None:
    order = a_sleeping_erp(folders)
    folders.erp.confirm(order, "PV000001", order.version)
    refusal = "request,result,code,message\nconfirm.PV000001.1,rejected,credit,Limit reached\n"
    folders.arrives("acknowledgments.20260310.csv", refusal)

    assert folders.erp.find_by_ref(Entity.ORDER, "PV000001") is None
    asked_again = folders.erp.confirm(order, "PV000001", order.version)
    folders.arrives("acknowledgments.20260311.csv", refusal)

    assert asked_again == Unknown("PV000001")
    assert folders.inside("sent") == ["confirm.PV000001.1.csv", "confirm.PV000001.2.csv"]
    assert folders.erp.confirm(order, "PV000001", order.version) == Unknown("PV000001")


def test_an_order_edited_after_the_last_export_is_a_conflict_and_is_waited_for(desk: FilesDesk, our_ref: str) -> None:
    order = desk.draft()
    desk.legacy.export_later(1)
    desk.edit(order, "30")

    result = desk.files.confirm(order, our_ref, order.version)

    assert isinstance(result, Conflict)
    with pytest.raises(RetryableError, match="not exported it yet"):
        desk.files.get_order(order.external_id)
    there = desk.connector.get_order(order.external_id)
    assert there is not None
    assert there.lines[0].quantity == 30


def test_an_order_without_any_price_is_not_sent(folders: Folders) -> None:
    order = a_sleeping_erp(folders)
    unpriced = replace(order, lines=(replace(order.lines[0], unit_price=None),))

    result = folders.erp.confirm(unpriced, "PV000001", order.version)

    assert isinstance(result, Rejected)
    assert (result.code, folders.inside("to_erp")) == ("price_missing", [])


def test_a_receipt_in_doubt_is_not_posted_twice_and_an_export_can_settle_it(folders: Folders) -> None:
    order = a_sleeping_erp(folders)
    receipt = a_receipt(order, "PV000001", "4")

    first = folders.erp.post_receipt(receipt, order.version)
    second = folders.erp.post_receipt(receipt, order.version)
    folders.arrives("receipts.20260310.csv", "id,reference,number\n55,RPV000001,WE-55\n")

    assert first == second == Unknown("RPV000001")
    found = folders.erp.find_by_ref(Entity.RECEIPT, "RPV000001")
    assert found is not None
    assert (found.external_id, found.number) == ("55", "WE-55")


def test_a_payment_block_in_doubt_is_asked_for_once(folders: Folders) -> None:
    a_sleeping_erp(folders)
    folders.arrives("invoices.20260309.csv", "id,supplier,supplier_number,version\n9,BORN,R-1,1\n")

    asked = [folders.erp.hold_invoice("9", "1") for _ in range(2)]
    folders.arrives("acknowledgments.20260310.csv", "request,result,id,version\nhold.9.1,applied,9,2\n")

    assert asked == [Unknown("9"), Unknown("9")]
    assert folders.erp.hold_invoice("9", "2") == Duplicate("9", None, "2")
    assert folders.erp.release_invoice("9", "1") == Conflict("9", "2")


def test_a_bill_of_the_same_number_from_another_supplier_is_another_bill(desk: FilesDesk, our_ref: str) -> None:
    order = confirmed(desk, our_ref)
    desk.connector.post_receipt(a_receipt(order, our_ref, "12"), order.version)
    there = desk.connector.get_order(order.external_id)
    assert there is not None
    bill = replace(an_invoice(order, our_ref, "12"), supplier_number="4711/B")

    posted = desk.connector.post_invoice(bill, there.version)

    assert isinstance(posted, Applied)
    assert desk.connector.find_by_ref(Entity.INVOICE, "3/4711/B") is not None
    assert desk.connector.find_by_ref(Entity.INVOICE, "11/4711/B") is None


def test_receipts_are_not_pulled_and_a_kept_cursor_goes_on(folders: Folders) -> None:
    folders.arrives("suppliers.20260309.csv", SUPPLIERS)
    first = folders.erp.pull(Entity.SUPPLIER, START, 1)

    second = folders.erp.pull(Entity.SUPPLIER, Cursor.from_text(first.cursor.to_text()), 1)

    assert {record.external_id for record in (*first.records, *second.records)} == {"BORN", "HALM"}
    with pytest.raises(PermanentError):
        folders.erp.pull(Entity.RECEIPT, START)
