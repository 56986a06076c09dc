"""The installation's secret key: made once, private, and never too short."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from purveyor.settings import InvalidSettings, Settings
from purveyor.web.keys import derived, secret_key


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first, second = (secret_key(Settings(data_dir=tmp_path / "new")) for _ in range(2))

    assert first == second
    assert stat.S_IMODE((tmp_path / "new" / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret-key"]


def test_a_file_that_holds_too_little_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("short")

    with pytest.raises(InvalidSettings):
        secret_key(Settings(data_dir=tmp_path, secret_key_file=tmp_path / "key"))


def test_keys_for_different_uses_differ() -> None:
    assert derived(b"k" * 32, "form") != derived(b"k" * 32, "cursor")
