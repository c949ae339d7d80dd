"""Started by a WSGI server: wrong settings are told, all of them, and nothing runs."""

from __future__ import annotations

import os
import subprocess
import sys


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
