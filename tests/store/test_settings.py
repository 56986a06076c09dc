"""Settings come from defaults, a file and the environment, in this order, and say what is wrong with them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from purveyor.settings import InvalidSettings, Settings, load_settings


def test_without_any_input_the_defaults_stand() -> None:
    assert load_settings({}) == Settings()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "purveyor.toml"
    file.write_text('listen_port = 9000\ndemo = true\nheartbeat_seconds = "2.5"\nmail_from = "po@example.com"\n')

    settings = load_settings({"PURVEYOR_LISTEN_PORT": "9001", "PURVEYOR_DATA_DIR": "var"}, file)

    assert (settings.listen_port, settings.demo, settings.mail_from) == (9001, True, "po@example.com")
    assert settings.heartbeat_seconds == Decimal("2.5")
    assert settings.data_dir == Path("var").absolute()


def test_the_file_can_be_named_by_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "purveyor.toml"
    file.write_text("pool_size = 3\n")

    assert load_settings({"PURVEYOR_CONFIG": str(file)}).pool_size == 3


def test_the_address_of_the_database_can_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://purveyor_app@db/purveyor\n")

    settings = load_settings({"DATABASE_URL_FILE": str(secret), "DATABASE_OWNER_URL": "postgresql://owner@db/purveyor"})

    assert settings.database_url == "postgresql://purveyor_app@db/purveyor"
    assert settings.database_owner_url == "postgresql://owner@db/purveyor"


def test_variables_of_others_are_left_alone() -> None:
    assert load_settings({"PURVEYOR_TEST_POSTGRES": "15", "PATH": "/bin"}) == Settings()


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"PURVEYOR_LISTEN_PORT": "many"}, "listen_port"),
        ({"PURVEYOR_DEMO": "perhaps"}, "demo"),
        ({"PURVEYOR_POLL_SECONDS": "soon"}, "poll_seconds"),
        ({"PURVEYOR_STALLED_SECONDS": "20"}, "stalled_seconds"),
        ({"PURVEYOR_POOL_SIZE": "0"}, "pool_size"),
        ({"PURVEYOR_CONFIG": "/no/such/file"}, "config"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidSettings, match=named):
        load_settings(environment)


def test_a_setting_nobody_knows_is_named(tmp_path: Path) -> None:
    file = tmp_path / "purveyor.toml"
    file.write_text("colour = 'green'\n")

    with pytest.raises(InvalidSettings, match="colour"):
        load_settings({}, file)
