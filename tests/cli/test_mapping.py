"""``purveyor mapping`` tells what is missing before an ERP is connected in earnest."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from purveyor.cli.main import app


def the_mapping(tmp_path: Path, suppliers: str, *options: str) -> Result:
    folder = tmp_path / "erp"
    (folder / "from_erp").mkdir(parents=True)
    (folder / ".purveyor").touch()
    (folder / "from_erp" / "suppliers.csv").write_text(suppliers, "utf-8")
    connections = f'[erp.legacy]\nkind = "files"\nfolder = "{folder}"\nbusiness_unit = "EAST"\nsettle_seconds = 0\n'
    connections += f'[erp.away]\nkind = "files"\nfolder = "{tmp_path}/nowhere"\nbusiness_unit = "EAST"\n'
    (tmp_path / "connections.toml").write_text(connections, "utf-8")
    environment = {"PURVEYOR_CONNECTIONS_FILE": str(tmp_path / "connections.toml"), "COLUMNS": "200"}
    return CliRunner().invoke(app, ["mapping", *options], env=environment)


def test_s87_a_missing_mandatory_field_fails_the_check(tmp_path: Path) -> None:
    result = the_mapping(tmp_path, "code,name\nBORN,Born\n", "--erp", "legacy")

    assert result.exit_code == 1
    assert "missing, mandatory" in result.stdout
    assert "currency" in result.stdout


def test_s87_a_complete_mapping_is_listed_field_by_field(tmp_path: Path) -> None:
    result = the_mapping(tmp_path, "code,name,currency\nBORN,Born,EUR\n", "--erp", "legacy", "--all")

    assert result.exit_code == 0, result.stdout
    assert "suppliers: currency" in result.stdout
    assert "legacy: " in result.stdout


def test_an_erp_that_cannot_be_asked_is_named(tmp_path: Path) -> None:
    result = the_mapping(tmp_path, "code,name,currency\nBORN,Born,EUR\n")

    assert result.exit_code == 1
    assert "away: The folder" in result.stdout
