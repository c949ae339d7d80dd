"""Run several programs as one: all of them, or none.

Why not honcho, which runs the Procfile elsewhere: it puts a shell and a forked Python between itself and each program,
and when it is killed with -9 all of them live on. Here each program is our direct child, started by list of arguments
(no quoting, so folders may have spaces), and Linux tells it to end when we die (see `embedded_process`).
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from intake.embedded_process import die_with_parent

_PR_SET_CHILD_SUBREAPER = 36
#: A worker may be in the middle of giving a message to a gateway, which takes up to 15 seconds; killed there, nobody knows
#: whether it left.
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Program:
    """A program to keep running: what it is called in the output, and its command."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """A program that ended although nobody asked it to. `code` is negative for a signal, as in `subprocess`."""

    name: str
    code: int

    def __str__(self) -> str:
        how = f"signal {signal.Signals(-self.code).name}" if self.code < 0 else f"code {self.code}"
        return f"{self.name} ({how})"


class Crew:
    """The running programs. Must be started by the main thread."""

    def __init__(self, programs: Sequence[Program], environment: Mapping[str, str], output: IO[str]) -> None:
        self._output = output
        self._width = max(len(each.name) for each in programs)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        _adopt_orphans()
        try:
            for each in programs:
                self._processes[each.name] = subprocess.Popen(
                    each.command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=dict(environment),
                    start_new_session=True,  # Ctrl-C reaches us only, and we tell them
                    preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  # one system call, before any thread
                )
        except BaseException:
            self.stop()
            raise
        # Only now: a process with threads should not fork the way above.
        self._readers = [
            threading.Thread(target=self._pass_on, args=(name, process), daemon=True, name=f"output of {name}")
            for name, process in self._processes.items()
        ]
        for reader in self._readers:
            reader.start()

    def find_ended(self) -> Ended | None:
        """The first program found that is no longer running."""
        for name, process in self._processes.items():
            code = process.poll()
            if code is not None:
                return Ended(name, code)
        return None

    def stop(self, wait_seconds: float = STOP_SECONDS) -> None:
        """SIGTERM to all, SIGKILL to what is left after `wait_seconds`, and to everything they have started."""
        for process in self._processes.values():
            process.terminate()  # does nothing when it has ended
        give_up_at = time.monotonic() + wait_seconds
        for process in self._processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, give_up_at - time.monotonic()))
        for process in self._processes.values():
            if process.poll() is None:
                process.kill()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _pass_on(self, name: str, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101  # tells the type checker what PIPE means
        for line in process.stdout:
            text = line.decode(errors="replace").rstrip("\n")
            # A closed terminal must not stop us from reading, or the program would block on a full pipe.
            with contextlib.suppress(OSError, ValueError):
                self._output.write(f"{name:>{self._width}} | {text}\n")
                self._output.flush()


def end_orphans(except_pids: set[int], wait_seconds: float = 2.0) -> None:
    """Kill children we did not start: what a killed program of ours left behind, adopted by us. Linux only."""
    give_up_at = time.monotonic() + wait_seconds
    while time.monotonic() < give_up_at:
        orphans = _find_children() - except_pids
        if not orphans:
            return
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
        for pid in orphans:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


class Wish:
    """Whether Ctrl-C or SIGTERM was asked for, since `listen` replaced their usual effect."""

    def __init__(self) -> None:
        self.is_to_stop = False

    def listen(self) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, self._note)

    def _note(self, _signal: int, _frame: object) -> None:
        # A plain attribute: waking a threading.Event from a signal handler can lock up the thread that waits for it.
        self.is_to_stop = True


def watch(find_ended: Callable[[], Ended | None], wish: Wish, *, until: Callable[[], bool]) -> Ended | None:
    """Return when something ended (that), when a stop was asked for or `until` is true (None)."""
    while not wish.is_to_stop:
        ended = find_ended()
        if ended is not None:
            return ended
        if until():
            return None
        time.sleep(0.05)
    return None


def _adopt_orphans() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _find_children() -> set[int]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            if int(entry.read_text().rsplit(")", 1)[1].split()[1]) == os.getpid():
                found.add(int(entry.parent.name))
    return found
