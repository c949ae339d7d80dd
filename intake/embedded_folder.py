"""The data folder of an installation that brings its own PostgreSQL and Valkey, and who owns it.

What surprises:

* One process at a time owns a data folder, by ``flock`` on its file ``lock``: the lock goes with the process, also
  after ``kill -9``, so there is never a stale one. The file itself stays for ever.
* A unix socket's path must fit 107 bytes. When the data folder's name is longer than that allows, sockets live in a
  short folder of their own, made anew at each start and known from ``running.json``.
"""

import fcntl
import json
import os
import pwd
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from intake.embedded_process import Account, CannotStart, can_reach, find_account

_LONGEST_SOCKET_NAME = len("/.s.PGSQL.5432.lock")
_LONGEST_SOCKET_PATH_BYTES = 103  # 107 on Linux, 103 on macOS and the BSDs: sun_path less the closing NUL
_SHORT_FOLDER_PREFIX = "sahut-"


class AlreadyRunning(Exception):
    """Another process owns this data folder."""

    def __init__(self, path: Path, pid: int | None, address: str | None) -> None:
        super().__init__(f"{path} is in use by process {pid or 'unknown'}" + (f" ({address})" if address else ""))
        self.path, self.pid, self.address = path, pid, address


@dataclass(frozen=True)
class Running:
    """What a data folder's owner says about itself in ``running.json``, for other commands on the same machine."""

    pid: int
    database_url: str | None = None
    redis_url: str | None = None
    address: str | None = None
    socket_folder: str | None = None


class DataFolder:
    """A data folder that this process owns until `close()` or its end. Made by `open_folder`."""

    def __init__(self, path: Path, lock: int, account: Account | None, left_over: Running | None) -> None:
        self.path = path
        self.account = account  # under which servers that refuse root run; None when we are not root
        self.left_over = left_over  # what the last owner announced, if it was killed before it could tidy up
        self._lock = lock
        self._owner_pid = os.getpid()
        self._running = Running(os.getpid())
        self._socket_folder: Path | None = None

    @property
    def running(self) -> Running:
        return self._running

    def announce(self, **facts: str | None) -> None:
        """Write down where our servers and pages are, so that other commands on this machine find them."""
        self._running = replace(self._running, **facts)  # type: ignore[arg-type]  # the field `pid` is never among them
        write_private(self.path / "running.json", json.dumps(asdict(self._running)))

    def socket_folder(self) -> Path:
        """A folder for unix sockets whose path is short enough, ours alone, the same for the whole run."""
        if self._socket_folder is None:
            self._socket_folder = self._choose_socket_folder()
            self.announce(socket_folder=str(self._socket_folder))
        return self._socket_folder

    def _choose_socket_folder(self) -> Path:
        inside = self.path / "run"
        fits = len(os.fsencode(inside)) + _LONGEST_SOCKET_NAME <= _LONGEST_SOCKET_PATH_BYTES
        fits = fits and "," not in str(inside)  # libpq would read two hosts
        if fits and (self.account is None or can_reach(self.account, self.path)):
            inside.mkdir(mode=0o700, exist_ok=True)
            chosen = inside
        else:
            chosen = Path(tempfile.mkdtemp(prefix=_SHORT_FOLDER_PREFIX, dir=_short_temporary_folder()))
        if self.account is not None:
            os.chown(chosen, self.account.uid, self.account.gid)  # PostgreSQL makes its socket there
        return chosen

    def close(self) -> None:
        """Give the folder back. Stop the servers first."""
        if os.getpid() != self._owner_pid or self._lock < 0:
            return
        ours = str(self._socket_folder) if self._socket_folder else None
        for name in {ours, self.left_over.socket_folder if self.left_over else None} - {None}:
            short = Path(str(name))
            if short.name.startswith(_SHORT_FOLDER_PREFIX) and short.is_dir() and not short.is_symlink():
                shutil.rmtree(short, ignore_errors=True)
        (self.path / "running.json").unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_folder(path: str | os.PathLike[str], *, user: str | None = None) -> DataFolder:
    """Make the data folder if it is missing, and own it.

    `user` names the system account for servers that refuse root (default ``nobody``); it counts only when we are root.
    Raises AlreadyRunning when another process owns the folder, CannotStart when it cannot be used.
    """
    # Real paths only: a socket's or a cluster's path must stay true when somebody moves a link.
    folder = Path(path).expanduser().resolve()
    account = _owner_of_cluster(folder) or find_account(user) if os.geteuid() == 0 else None
    try:
        # 0711 for root: the account below must pass through, nobody needs to list. What is secret inside has mode 0600.
        folder.mkdir(mode=0o711 if account else 0o700, parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as why:
        message = f"the data folder {folder} cannot be used: {why.strerror}"
        raise CannotStart(message) from why
    known = _read_announcement(folder)
    if not _take(lock):
        pid = _read_pid(lock)
        os.close(lock)
        raise AlreadyRunning(folder, pid, known.address if known else None)
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return DataFolder(folder, lock, account, left_over=known)


def read_running(path: str | os.PathLike[str]) -> Running | None:
    """What the owner of this data folder announced, or None when nobody owns it now."""
    folder = Path(path).expanduser().resolve()
    if not _is_owned(folder):
        return None
    return _read_announcement(folder)


def recorded_place(folder: Path) -> Path:
    """Where this data folder's PostgreSQL lives: inside it, or where the file ``postgres-is-at`` says."""
    try:
        return Path((folder / "postgres-is-at").read_text().rstrip("\n"))
    except FileNotFoundError:
        return folder / "postgres"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _short_temporary_folder() -> Path | None:
    """The system's folder for temporary files, or /tmp when TMPDIR itself is too long for a socket."""
    usual = Path(tempfile.gettempdir())
    room = _LONGEST_SOCKET_PATH_BYTES - _LONGEST_SOCKET_NAME - len("/sahut-xxxxxxxx")
    return None if len(os.fsencode(usual)) <= room else Path("/tmp")  # noqa: S108  # mkdtemp makes a private folder in it


def _take(lock: int) -> bool:
    """Take the lock; more than one try, because `read_running` holds it for a moment when it looks."""
    for _ in range(5):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def _owner_of_cluster(folder: Path) -> Account | None:
    """Who owns the database files that are already there: that account must run the server, whatever is asked for."""
    try:
        uid = (recorded_place(folder) / "data").stat().st_uid
        entry = pwd.getpwuid(uid)
    except (OSError, KeyError):
        return None
    return Account(entry.pw_name, uid, entry.pw_gid) if uid else None


def _read_pid(lock: int) -> int | None:
    text = os.pread(lock, 20, 0).strip()
    return int(text) if text.isdigit() else None


def _is_owned(folder: Path) -> bool:
    try:
        probe = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(probe)
    return False


def _read_announcement(folder: Path) -> Running | None:
    try:
        return Running(**json.loads((folder / "running.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
