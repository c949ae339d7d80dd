"""``sahut up`` with real servers, real signals and small programs in the place of the house's."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from intake.commands.up import house_programs
from intake.embedded import open_folder, start_postgres, temporary_postgres, temporary_valkey

REPOSITORY = Path(__file__).parents[2]
WAIT_SECONDS = 40

# Runs `up` with small programs: each writes its number and environment to a file, one serves /healthz.
SMALL = """
import os, sys
from pathlib import Path
from intake.commands import up
from intake.supervise import Program

NOTE = '''
import json, os, pathlib
file = pathlib.Path(os.environ["SAHUT_DATA"], "seen-{name}")
new = file.with_suffix(".new")
new.write_text(json.dumps({{"pid": os.getpid(), "environ": dict(os.environ)}}))
new.replace(file)
'''
SERVE = '''
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
'''
SLEEP = '''
import time
time.sleep(600)
'''
STUBBORN = '''
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], "600"], start_new_session=True)
time.sleep(600)
'''
DIE = '''
import sys, time
print("a last word")
sys.exit(7)
'''

def programs(port, lab):
    python = sys.executable
    chosen = [Program("web", (python, "-c", NOTE.format(name="web") + SERVE, str(port)))]
    for name, script in (("relay", SLEEP), ("stubborn", STUBBORN), ("dies", DIE)):
        if name in os.environ["TEST_PROGRAMS"]:
            grandchild = NOTE.format(name="grandchild") + SLEEP
            chosen.append(Program(name, (python, "-c", NOTE.format(name=name) + script, grandchild)))
    if lab:
        chosen.extend(each for each in up.house_programs(port, lab) if each.name == "lab")
    return chosen

def refuse(environment):
    raise up.CannotStart("the tables cannot be made")

plan = up.Plan(
    data=Path(sys.argv[1]), port=int(sys.argv[2]), lab=True, environ=dict(os.environ), programs=programs,
    migrate={"real": up.migrate_database, "none": lambda environment: None, "refuse": refuse}[sys.argv[3]],
    officers=up.make_lab_officers if sys.argv[3] == "real" else lambda environment: [("petugas", "kata-sandi", "uji")],
)
sys.exit(up.run(plan, as_json=sys.argv[4] == "json"))
"""


@dataclass
class Running:
    process: subprocess.Popen[str]
    data: Path
    port: int

    def read_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def finish(self) -> tuple[int, str]:
        """Wait for its end: exit code and what it said on standard error."""
        code = self.process.wait(WAIT_SECONDS)
        return code, self.said()

    def said(self) -> str:
        return (self.data.parent / "stderr").read_text()

    def seen(self, name: str) -> dict[str, str]:
        """The environment in which a small program found itself."""
        return {str(key): str(value) for key, value in self._note(name)["environ"].items()}

    def pid_of(self, name: str) -> int:
        return int(self._note(name)["pid"])

    def _note(self, name: str) -> dict[str, Any]:
        file = self.data / f"seen-{name}"
        wait_for(file.exists)
        found: dict[str, Any] = json.loads(file.read_text())
        return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """Database files as the first start makes them, made once: that takes longer than all the rest of a start."""
    path = Path(tempfile.mkdtemp(prefix="sahut-test-", dir="/tmp"))
    path.chmod(0o755)
    with open_folder(path / "data") as folder:
        start_postgres(folder, durable=False).stop()
    yield path / "data" / "postgres"
    shutil.rmtree(path)


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="sahut-test-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start(folder: Path, cluster: Path) -> Iterator[Callable[..., Running]]:
    started: list[subprocess.Popen[str]] = []

    def start(
        migrate: str = "none", form: str = "json", programs: str = "relay", *, fresh: bool = False, **more: str
    ) -> Running:
        port = free_port()
        data = folder / "my data"
        if not fresh and not data.exists():
            data.mkdir(mode=0o711)
            subprocess.run(["cp", "-a", cluster, data], check=True)  # with its owner
        environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with (folder / "stderr").open("a") as said:
            process = subprocess.Popen(
                [sys.executable, "-c", SMALL, str(data), str(port), migrate, form],
                cwd=REPOSITORY,
                env={**environ, "TEST_PROGRAMS": programs, **more},
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        started.append(process)
        return Running(process, data, port)

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


Start = Callable[..., Running]


def test_everything_starts_is_told_where_it_is_and_stops_when_asked(start: Start) -> None:
    up = start(migrate="real", fresh=True)
    facts = json.loads(up.read_line())
    address = f"http://127.0.0.1:{up.port}"
    assert (facts["address"], facts["form"], facts["desk"], facts["lab"], facts["pid"]) == (
        address,
        f"{address}/lapor",
        f"{address}/meja",
        f"{address}/lab",
        up.process.pid,
    )
    assert {each["user"] for each in facts["officers"]} >= {"pusat"}
    environ = up.seen("web")
    assert environ == up.seen("relay")
    assert {name: environ[name] for name in ("SAHUT_DATA", "SAHUT_EMBEDDED", "SAHUT_LAB", "PUBLIC_URL")} == {
        "SAHUT_DATA": str(up.data),
        "SAHUT_EMBEDDED": "1",
        "SAHUT_LAB": "1",
        "PUBLIC_URL": address,
    }
    with psycopg.connect(environ["DATABASE_URL"].replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT count(*) FROM officer").fetchone()
        assert row is not None
        assert row[0] == len(facts["officers"])
    pids = everything_started_by(up)
    up.process.terminate()
    assert up.finish()[0] == 0
    assert up.read_line() == ""  # one line of JSON and nothing else
    assert_gone(pids)

    for name in ("secrets.json", "lab-officers.json"):
        assert (up.data / name).stat().st_mode & 0o777 == 0o600
    again = start(migrate="real")
    assert json.loads(again.read_line())["officers"] == facts["officers"]
    assert again.seen("web")["SAHUT_SECRET_KEYS"] == environ["SAHUT_SECRET_KEYS"]
    assert again.seen("web")["SMS_TWILIO_AUTH_TOKEN"] == environ["SMS_TWILIO_AUTH_TOKEN"]
    again.process.send_signal(signal.SIGINT)
    assert again.finish()[0] == 0


def test_a_person_is_told_in_both_languages(start: Start) -> None:
    up = start(form="box")
    lines = [up.read_line() for _ in range(11)]
    box = "".join(lines)
    for words in ("Sahut siap. / Sahut is ready.", f":{up.port}/lapor", "/meja", "/lab", "petugas", "kata-sandi"):
        assert words in box
    assert len({len(line) for line in lines}) == 1
    up.process.terminate()
    code, said = up.finish()
    assert code == 0
    for words in ("PostgreSQL", "Valkey", "migrations", "programs", "Menghentikan semuanya"):
        assert words in said
    assert "kata-sandi" not in said


def test_a_second_start_says_that_it_runs_already(start: Start) -> None:
    up = start()
    facts = json.loads(up.read_line())
    command = [sys.executable, "-m", "intake.cli", "up", "--json", "--data", str(up.data), "--port", str(free_port())]
    second = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert second.returncode == 3
    assert json.loads(second.stdout) == {"error": "already running", "pid": facts["pid"], "address": facts["address"]}
    assert str(facts["pid"]) in second.stderr
    assert facts["address"] in second.stderr
    assert up.process.poll() is None
    up.process.terminate()
    assert up.finish()[0] == 0


def test_when_a_program_ends_everything_ends_and_it_is_named(start: Start) -> None:
    up = start(programs="relay dies")
    code, said = up.finish()
    assert code == 1
    assert "dies (code 7)" in said
    assert "a last word" in said


@pytest.mark.parametrize(("name", "signals"), [("relay", "SIGKILL"), ("lab", "SIGKILL"), ("postgres", "SIGKILL")])
def test_when_one_of_them_is_killed_everything_ends(start: Start, name: str, signals: str) -> None:
    up = start()
    up.read_line()
    pids = everything_started_by(up)
    os.kill(pids[name], signal.Signals[signals])
    code, said = up.finish()
    assert code == 1
    assert f"{name} (signal {signals})" in said
    assert_gone(pids)


def test_a_program_that_does_not_want_to_end_is_ended_with_what_it_started(start: Start) -> None:
    up = start(programs="stubborn")
    up.read_line()
    pids = {**everything_started_by(up), "grandchild": up.pid_of("grandchild")}
    assert "stubborn" in pids
    up.process.send_signal(signal.SIGINT)
    assert up.finish()[0] == 0
    assert_gone(pids)


def test_kill_9_leaves_nothing_running_and_the_next_start_works(start: Start) -> None:
    up = start()
    up.read_line()
    pids = everything_started_by(up)
    assert set(pids) >= {"web", "relay", "lab", "postgres", "valkey"}
    up.process.kill()
    up.finish()
    assert_gone(pids)
    again = start()
    assert json.loads(again.read_line())["lab"]
    again.process.terminate()
    assert again.finish()[0] == 0


def test_servers_named_in_the_environment_are_used_and_the_lab_is_off(start: Start) -> None:
    with temporary_postgres() as postgres, temporary_valkey() as valkey:
        up = start(fresh=True, DATABASE_URL=postgres.url, REDIS_URL=valkey.url, EMAIL_ADDRESS="lapor@example.id")
        facts = json.loads(up.read_line())
        environ = up.seen("web")
        pids = everything_started_by(up)
        up.process.terminate()
        assert up.finish()[0] == 0
        assert not postgres.has_ended()
        assert not valkey.has_ended()
    assert set(pids) == {"web", "relay"}
    assert (environ["DATABASE_URL"], environ["REDIS_URL"]) == (postgres.url, valkey.url)
    assert (environ["SAHUT_EMBEDDED"], environ["SAHUT_LAB"]) == ("0", "0")
    assert environ["EMAIL_ADDRESS"] == "lapor@example.id"
    assert "SMS_TWILIO_ACCOUNT_SID" not in environ
    assert ("lab" not in facts, facts["officers"]) == (True, [])
    assert not (up.data / "postgres").exists()


def test_only_the_server_that_is_missing_is_started(start: Start) -> None:
    with temporary_valkey() as valkey:
        up = start(REDIS_URL=valkey.url)
        up.read_line()
        assert set(everything_started_by(up)) == {"web", "relay", "postgres"}
        assert "Lab mati" in up.said()
        up.process.terminate()
        assert up.finish()[0] == 0


def test_no_account_of_the_environment_is_used_while_the_lab_is_on(start: Start) -> None:
    up = start(SMS_TWILIO_AUTH_TOKEN="real", SMS_TWILIO_SHARED_KEYS="real", EMAIL_SMTP_URL="smtps://mail.example.id")
    up.read_line()
    environ = up.seen("web")
    assert environ["SMS_TWILIO_AUTH_TOKEN"] != "real"
    assert "SMS_TWILIO_SHARED_KEYS" not in environ
    assert environ["EMAIL_SMTP_URL"].startswith("smtp://127.0.0.1:")
    assert "SMS_TWILIO_SHARED_KEYS" in up.said()
    up.process.terminate()
    assert up.finish()[0] == 0


def test_an_address_of_the_world_turns_the_lab_off(start: Start) -> None:
    up = start(PUBLIC_URL="https://lapor.example.id", EMAIL_ADDRESS="lapor@example.id")
    assert "lab" not in json.loads(up.read_line())
    environ = up.seen("web")
    assert (environ["PUBLIC_URL"], environ["SAHUT_LAB"]) == ("https://lapor.example.id", "0")
    assert environ["EMAIL_ADDRESS"] == "lapor@example.id"
    up.process.terminate()
    assert up.finish()[0] == 0


def test_what_hinders_the_start_is_said_and_nothing_stays(start: Start, folder: Path) -> None:
    up = start(migrate="refuse")
    code, said = up.finish()
    assert (code, "the tables cannot be made" in said) == (1, True)
    assert not (folder / "my data" / "postgres" / "data" / "postmaster.pid").exists()
    up = start(migrate="real", SAHUT_LOG_LEVEL="loud", SAHUT_BATCH="0")
    code, said = up.finish()
    assert (code, "SAHUT_LOG_LEVEL" in said, "SAHUT_BATCH" in said) == (1, True, True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "intake.cli", "up", "--data", str(folder / "x"), "--port", port]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, f"port {port} cannot be used" in done.stderr) == (1, True)
    assert not (folder / "x" / "postgres").exists()


def test_the_programs_are_those_of_the_house() -> None:
    modules = {each.name: each.command[-1] for each in house_programs(8080, lab=True)}
    assert modules == {
        "web": "intake.web.wsgi:app",
        "relay": "workers.relay",
        "worker": "workers",
        "lab": "intake.lab.standin",
    }
    assert "lab" not in {each.name for each in house_programs(8080, lab=False)}


def everything_started_by(up: Running) -> dict[str, int]:
    """The children of the running command by name."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            words = (entry / "cmdline").read_text()
        except OSError:
            continue
        if parent == up.process.pid:
            names = {"valkey-server": "valkey", "postgres\0": "postgres", "intake.lab.standin": "lab"}
            names |= {f"seen-{each}": each for each in ("web", "relay", "stubborn")}
            found[next(name for mark, name in names.items() if mark in words)] = int(entry.name)
    return found


def assert_gone(pids: Mapping[str, int]) -> None:
    assert pids
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.values()))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(is_true: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + WAIT_SECONDS
    while not is_true():
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.02)
