"""Logs hold an event and ids: also those of libraries, and those of errors that nobody caught."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import logging, threading, warnings
from intake import logs
logs.take_over()
secret = "jalan rusak +628110000001"
logging.getLogger("rq.worker").error("job %s failed\\n%s", "j1", secret)
logging.getLogger("some.library").error(f"filled in: {secret}")
warnings.warn(secret)
try:
    raise ValueError(secret)
except ValueError:
    logging.getLogger("flask").exception("Exception on %s", secret)
    logs.get("room").exception("something_failed", text=secret, report_id=7)
thread = threading.Thread(target=lambda: int(secret))
thread.start()
thread.join()
int(secret)
"""


def test_no_line_tells_what_was_said_or_by_whom() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "jalan rusak" not in done.stderr + done.stdout
    assert "6281100" not in done.stderr + done.stdout
    lines = done.stderr.splitlines()
    assert [line for line in lines if "nobody_caught" in line and "ValueError" in line and "at" in line][1:]
    assert any("job %s failed" in line for line in lines)
    assert any('"report_id": 7' in line for line in lines)


@pytest.mark.parametrize("module", ["workers", "workers.relay", "workers.poll"])
def test_programs_tell_their_faults_and_end(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module],
        env={"PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "DATABASE_URL is missing" in done.stderr
