"""The connections file names the outside systems; what it says wrongly is refused with the place."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from purveyor.connectors.erp.contract import START
from purveyor.connectors.erp.files import FilesConnector
from purveyor.core.erp_records import Entity, ErpItem
from purveyor.core.ids import ErpInstance
from purveyor.settings import InvalidSettings, Settings
from purveyor.worker.connections import load_connections

ACQUIRED = """
[erp.acquired]
kind = "files"
folder = "{folder}"
business_unit = "EAST"
time_zone = "America/New_York"
decimal_mark = ","
settle_seconds = 0

[erp.acquired.units]
STK = "EA"

[erp.acquired.columns.items]
sku = "ARTNR"
base_uom = "ME"

[erp.acquired.defaults.items]
uom_category = "Units"
"""


def a_file(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "connections.toml"
    file.write_text(text.format(folder=tmp_path), "utf-8")
    return Settings(data_dir=tmp_path, connections_file=file)


def test_an_erp_of_kind_files_reads_its_folder_with_its_own_words(tmp_path: Path) -> None:
    (tmp_path / ".purveyor").touch()
    (tmp_path / "from_erp").mkdir()
    (tmp_path / "from_erp" / "items.20260309T0700.csv").write_text("ARTNR;ME;sales_price\nP-1;STK;1,5\n", "utf-8")

    connection = load_connections(a_file(tmp_path, ACQUIRED)).erps[ErpInstance("acquired")]

    assert isinstance(connection.connector, FilesConnector)
    (item,) = connection.connector.pull(Entity.ITEM, START).records
    assert isinstance(item, ErpItem)
    assert (item.sku, item.base_uom, str(item.sales_price), connection.business_unit) == ("P-1", "EA", "1.5", "EAST")
    assert item.updated_at == datetime(2026, 3, 9, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("items]\nsku", "itms]\nsku"), ('sku = "', 'skku = "'), ('kind = "files"', 'kind = "fils"'), ("folder", "flder")],
)
def test_a_word_nobody_knows_is_refused_and_named(tmp_path: Path, wrong: str, right: str) -> None:
    with pytest.raises(InvalidSettings, match=r"erp\.acquired"):
        load_connections(a_file(tmp_path, ACQUIRED.replace(wrong, right, 1)))
