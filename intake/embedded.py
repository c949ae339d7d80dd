"""PostgreSQL and Valkey for a machine that has neither: from wheels, in a data folder, as children of this process.

    with open_folder("data") as folder, start_postgres(folder) as postgres, start_valkey(folder) as valkey:
        ...  # postgres.url, valkey.url

The same code runs on real servers by DATABASE_URL and REDIS_URL; nothing but this module and the command ``up`` knows
which of the two it has. The parts are in `embedded_folder`, `embedded_process`, `embedded_postgres`, `embedded_valkey`;
the two context managers below are for tests: a server of their own, gone with everything in it afterwards.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from intake.embedded_folder import AlreadyRunning, DataFolder, Running, open_folder, read_running
from intake.embedded_postgres import start_postgres
from intake.embedded_process import CannotStart, EmbeddedServer, can_reach, find_account
from intake.embedded_valkey import start_valkey

__all__ = [
    "AlreadyRunning",
    "CannotStart",
    "DataFolder",
    "EmbeddedServer",
    "Running",
    "open_folder",
    "read_running",
    "start_postgres",
    "start_valkey",
    "temporary_postgres",
    "temporary_valkey",
]


@contextmanager
def temporary_postgres(*, user: str | None = None, within: Path | None = None) -> Iterator[EmbeddedServer]:
    """A PostgreSQL with an empty database ``sahut``, gone afterwards. It does not wait for the disk: for tests only.

    Its files are in ``within``, a folder that whoever runs PostgreSQL can reach; without it, where temporary files are.
    """
    with _temporary_folder(user, within) as folder, start_postgres(folder, durable=False) as server:
        yield server


@contextmanager
def temporary_valkey() -> Iterator[EmbeddedServer]:
    """An empty Valkey, gone afterwards."""
    with _temporary_folder(None, None) as folder, start_valkey(folder) as server:
        yield server


@contextmanager
def _temporary_folder(user: str | None, within: Path | None) -> Iterator[DataFolder]:
    path = Path(tempfile.mkdtemp(prefix="sahut-", dir=within or _reachable_temporary_folder(user)))
    try:
        if os.geteuid() == 0:
            path.chmod(0o711)  # ours: the account without privileges must pass through
        with open_folder(path, user=user) as folder:
            yield folder
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _reachable_temporary_folder(user: str | None) -> Path | None:
    """None for the usual one; another when we are root and the account for PostgreSQL cannot reach the usual one."""
    if os.geteuid() != 0:
        return None
    account = find_account(user)
    usual = Path(tempfile.gettempdir())
    candidates = (usual, Path("/tmp"), Path("/var/tmp"))  # noqa: S108  # mkdtemp makes a private folder in it
    return next((each for each in candidates if can_reach(account, each)), usual)
