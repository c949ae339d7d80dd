"""``sahut up`` as a stranger meets it: one command, everything there, Ctrl-C and nothing left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from intake.lab.spool import Spool
from tests.journeys.house import ROOT, Browser, free_port, wait_for


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "data"


def children_of(pid: int) -> set[int]:
    """Every process that descends from ``pid``."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found: set[int] = set()
    front = {pid}
    while front:
        front = {child for child, parent in parents.items() if parent in front} - found
        found |= front
    return found


def test_one_command_and_a_report_is_answered(data: Path) -> None:
    port = free_port()
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("SAHUT_", "SMS_", "EMAIL_", "DATABASE_URL"))}
    up = subprocess.Popen(
        [sys.executable, "-m", "intake.cli", "up", "--data", str(data), "--port", str(port), "--json"],
        cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert up.stdout is not None
        facts = json.loads(up.stdout.readline())
        assert requests.get(f"{facts['address']}/readyz", timeout=5).json()["ready"] is True
        phone = Browser(facts["address"])
        phone.get("/lab")
        assert phone.status == 200
        phone.submit("/lab/sms", text="jalan rusak di desa Tegal Rejo kec Lawang Kidul Muara Enim")
        spool = Spool.in_data(data)
        received = wait_for(
            lambda: [sms for sms in spool.list_sms() if sms.direction == "to_citizen"], of="the answer on the phone"
        )
        assert "Kab. Muara Enim" in received[0].text
        officer = Browser(facts["address"])
        account = next(each for each in facts["officers"] if each["user"] == "muaraenim")
        officer.get("/meja")
        officer.submit("/meja/masuk", username=account["user"], password=account["password"])
        assert received[0].text.split()[1].rstrip(":") in officer.page
        phone.close()
        officer.close()
        again = subprocess.run(
            [sys.executable, "-m", "intake.cli", "up", "--data", str(data), "--port", str(free_port())],
            cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert again.returncode == 3
        assert str(up.pid) in again.stdout + again.stderr
        family = children_of(up.pid)
        assert len(family) > 5
        up.send_signal(signal.SIGINT)
        assert up.wait(30) == 0
        assert not {pid for pid in family if Path(f"/proc/{pid}").exists()}
    finally:
        if up.poll() is None:
            up.kill()
            up.wait(10)
        if up.stdout is not None:
            up.stdout.close()
