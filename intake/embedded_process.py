"""How a server becomes a child process of ours, and under which account.

What surprises:

* A server is asked to die with us (``PR_SET_PDEATHSIG``). Linux ties this to the *thread* that started it, so it is
  asked for only when the main thread starts the server; what outlives us anyway is stopped at the next start.
* PostgreSQL refuses to run as root, so root starts it under an account without privileges. That account must be able
  to reach the files; we never change a permission of a folder that is not ours, but put the files elsewhere instead.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_PR_SET_PDEATHSIG = 1
_LOG_KEPT_BYTES = 5_000_000


class CannotStart(Exception):
    """A server did not start; the text says why and what can be done."""


@dataclass(frozen=True)
class Account:
    """The system account under which servers that refuse root run."""

    name: str
    uid: int
    gid: int


class EmbeddedServer:
    """A server process of ours. ``url`` is what clients connect to; ``stop()`` returns when it is gone.

    ``stop()`` may be called twice, and does nothing in a forked child, whose exit must not stop its parent's server.
    """

    def __init__(
        self, name: str, url: str, process: subprocess.Popen[bytes], stop_with: Sequence[signal.Signals]
    ) -> None:
        self.name = name
        self.url = url
        self._process = process
        self._stop_with = tuple(stop_with)
        self._owner_pid = os.getpid()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for a signal, as in `subprocess`."""
        return self._process.poll()

    def has_ended(self) -> bool:
        """Whether the process is gone (by itself or stopped)."""
        return self.exit_code is not None

    def stop(self, wait_seconds: float = 5.0) -> None:
        """Ask politely first, then less politely: each signal is given `wait_seconds`, SIGKILL ends the list."""
        if os.getpid() != self._owner_pid:
            return
        for each in (*self._stop_with, signal.SIGKILL):
            if self.has_ended():
                return
            self._process.send_signal(each)
            try:
                self._process.wait(wait_seconds)
            except subprocess.TimeoutExpired:
                continue

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def find_account(name: str | None) -> Account:
    """The account to run as instead of root. Raises CannotStart when there is none; accounts are never created."""
    wanted = name or "nobody"
    try:
        entry = pwd.getpwnam(wanted)
    except KeyError:
        message = f"PostgreSQL does not run as root, and there is no account {wanted!r}: set SAHUT_EMBEDDED_USER"
        raise CannotStart(message) from None
    if entry.pw_uid == 0:
        message = f"PostgreSQL does not run as root, and {wanted!r} is root: set SAHUT_EMBEDDED_USER"
        raise CannotStart(message)
    return Account(wanted, entry.pw_uid, entry.pw_gid)


def run_as(account: Account | None) -> dict[str, Any]:
    """The arguments for `subprocess` that run a command as this account, or as ourselves."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def can_reach(account: Account, folder: Path) -> bool:
    """Whether this account can pass through all of this folder's parents and itself. Tried, not computed from modes."""
    command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
    done = subprocess.run(command, cwd="/", stderr=subprocess.DEVNULL, check=False, **run_as(account))
    return done.returncode == 0


def launch(
    command: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    account: Account | None = None,
    environment: Mapping[str, str],
    dies_with_us_by: signal.Signals,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a server as a child, its output at the end of `log`, in its own session so that Ctrl-C is ours alone."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    too_long = log.exists() and log.stat().st_size > _LOG_KEPT_BYTES
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if too_long else os.O_APPEND), 0o600)
    try:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            cwd="/",  # ours may be a folder the account cannot see
            env=dict(environment),
            start_new_session=True,
            preexec_fn=die_with_parent(dies_with_us_by),  # noqa: PLW1509  # one system call; we start before any thread
            **run_as(account),
        )
    finally:
        os.close(descriptor)


def die_with_parent(by: signal.Signals) -> Callable[[], None] | None:
    """A function for a new child to run before it becomes its program: `by` is sent to it when we die. Linux only."""
    if not sys.platform.startswith("linux") or threading.current_thread() is not threading.main_thread():
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()
    number = int(by)

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # we died in between
            os._exit(1)

    return ask


def wait_until(
    is_ready: Callable[[], bool], process: subprocess.Popen[bytes], *, what: str, log: Path, seconds: float = 60.0
) -> None:
    """Wait for a started server. Raises CannotStart with the end of its log when it ends or does not become ready."""
    give_up_at = time.monotonic() + seconds
    while not is_ready():
        ended = process.poll()
        if ended is not None:
            message = f"{what} ended with code {ended}:\n{end_of(log)}"
            raise CannotStart(message)
        if time.monotonic() > give_up_at:
            process.kill()
            process.wait()
            message = f"{what} was not ready after {seconds:.0f} s:\n{end_of(log)}"
            raise CannotStart(message)
        time.sleep(0.01)


def end_of(log: Path, lines: int = 12) -> str:
    """The last lines of a server's log."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
