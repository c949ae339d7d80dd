"""Started by a WSGI server: wrong settings are told, all of them, and nothing runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.journeys.house import free_port, wait_for


def start(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", "from intake.web.wsgi import app; print(app.name)"],
        env={**kept, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_settings_that_cannot_work_end_it_with_every_fault() -> None:
    ended = start({"PUBLIC_URL": "http://lapor.example.go.id", "SMS_TWILIO_ACCOUNT_SID": "x"})
    assert ended.returncode == 2
    for name in ("DATABASE_URL", "PUBLIC_URL", "SAHUT_SECRET_KEYS", "SMS_TWILIO_ACCOUNT_SID", "SMS_TWILIO_AUTH_TOKEN"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def test_right_settings_open_the_application_without_touching_the_database() -> None:
    ended = start(
        {
            "DATABASE_URL": "postgresql://sahut@127.0.0.1:9/sahut",
            "PUBLIC_URL": "https://lapor.example.go.id",
            "SAHUT_SECRET_KEYS": "k" * 40,
        }
    )
    assert (ended.returncode, ended.stdout) == (0, "intake.web\n")


def loading(server: subprocess.Popen[bytes]) -> list[int]:
    """The server's processes which have begun to load the application: our driver of PostgreSQL is in them."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="ascii").split()
    return [int(each) for each in children if "psycopg" in Path(f"/proc/{each}/maps").read_text(encoding="utf-8")]


def test_told_to_end_while_it_still_loads_it_ends(tmp_path: Path) -> None:
    """The server's processes inherit how it listens to SIGTERM; while the application loads, nobody would act on it."""
    environ = {
        **os.environ,
        "DATABASE_URL": "postgresql://sahut@127.0.0.1:9/sahut",
        "PUBLIC_URL": "https://lapor.example.go.id",
        "SAHUT_SECRET_KEYS": "k" * 40,
        "SAHUT_DATA": str(tmp_path),
    }
    serve = ["granian", "--interface", "wsgi", "--no-ws", "--port", str(free_port()), "--workers", "2"]
    server = subprocess.Popen(
        [sys.executable, "-m", *serve, "--log-level", "error", "intake.web.wsgi:app"],
        env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(lambda: len(loading(server)) == 2, of="two processes that load")
        server.terminate()
        assert server.wait(60) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait(30)
