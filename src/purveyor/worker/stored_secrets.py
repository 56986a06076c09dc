"""Read the stored secrets that the connections file refers to, with the key file of this machine."""

from __future__ import annotations

from purveyor.core.access import SYSTEM
from purveyor.settings import InvalidSettings, Settings
from purveyor.store import vault
from purveyor.store.db import Database
from purveyor.worker.connections import SecretReader


def reader(database: Database, settings: Settings) -> SecretReader:
    """Return how to read one secret by its name (None when there is none); it raises WrongKeyFile and SecretAltered."""

    def read(name: str) -> str | None:
        if settings.master_key_file is None:
            raise InvalidSettings(setting="master_key_file", reason=f"needed to open the stored secret {name}")
        with database.read(SYSTEM, source="secrets") as tx:
            return vault.get(tx, vault.read_key_file(settings.master_key_file), name)

    return read
