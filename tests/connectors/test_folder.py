"""Drop folders: half-written files wait, one worker takes a file, and a share that is not mounted is no empty folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from purveyor.connectors.contract import PermanentError, RetryableError
from purveyor.connectors.transport.folder import DropFolder, reachable


class Clock:
    """A clock that stands ``ahead`` of the real one."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path, clock: Clock) -> DropFolder:
    (tmp_path / ".purveyor").touch()
    made = DropFolder(tmp_path, settle=timedelta(seconds=5), clock=clock)
    made.open()
    return made


def test_a_file_is_taken_when_nobody_wrote_it_for_five_seconds(folder: DropFolder, clock: Clock) -> None:
    folder.put("from_erp", "items.csv", b"sku\n")

    fresh = folder.settled("items.csv")
    clock.ahead = timedelta(seconds=6)

    assert not fresh
    assert folder.settled("items.csv")
    assert not folder.settled("gone.csv")


def test_the_folder_tells_the_time_itself_when_nobody_else_does(tmp_path: Path) -> None:
    (tmp_path / ".purveyor").touch()
    folder = DropFolder(tmp_path)
    folder.open()

    assert abs(folder.now() - datetime.now(UTC)) < timedelta(seconds=30)


def test_unfinished_and_hidden_files_are_not_seen(folder: DropFolder) -> None:
    for name in ("items.csv.part", ".items.csv", "~$items.xlsx", "items.tmp", "items.csv"):
        folder.put("from_erp", name, b"sku\n")

    assert folder.names("from_erp") == ["items.csv"]


def test_one_worker_takes_a_file_and_the_other_finds_it_gone(folder: DropFolder) -> None:
    folder.put("from_erp", "items.csv", b"sku\n")

    first, second = folder.claim("items.csv"), folder.claim("items.csv")

    assert first is not None
    assert (first.name, first.content, second) == ("items.csv", b"sku\n", None)


def test_a_file_whose_worker_died_is_read_again_after_ten_minutes(folder: DropFolder, clock: Clock) -> None:
    folder.put("from_erp", "items.csv", b"sku\n")
    folder.claim("items.csv")

    folder.give_back()
    kept = folder.names("from_erp")
    clock.ahead = timedelta(minutes=11)
    folder.give_back()

    assert kept == []
    assert folder.names("from_erp") == ["items.csv"]


def test_a_new_file_is_written_once_and_no_half_of_it_stays(folder: DropFolder) -> None:
    first = folder.put_new("sent", "confirm.PV1.1.csv", b"one")
    second = folder.put_new("sent", "confirm.PV1.1.csv", b"two")

    assert (first, second, folder.read("sent", "confirm.PV1.1.csv")) == (True, False, b"one")
    assert [path.name for path in (folder.root / "sent").iterdir()] == ["confirm.PV1.1.csv"]
    assert folder.read("sent", "gone.csv") is None
    folder.move("gone.csv", "sent", "archive")


def test_the_bare_mount_point_of_a_share_is_not_taken_for_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(RetryableError, match="not mounted"):
        DropFolder(tmp_path).open()

    assert list(tmp_path.iterdir()) == []


def test_what_the_disk_says_becomes_one_of_two_failures() -> None:
    with pytest.raises(PermanentError, match="may not use"), reachable():
        raise PermissionError(13, "Permission denied", "/srv/erp")
    with pytest.raises(RetryableError, match="No space"), reachable():
        raise OSError(28, "No space left on device")
