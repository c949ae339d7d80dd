"""How many SMS webhooks a second are accepted: signature checked, committed with synchronous_commit on.

    python bench/intake.py [--seconds 8] [--rounds 5] [--only sahut] [--json]

Everything on this machine: PostgreSQL with fsync, Valkey, the server and ``wrk`` with 16 connections, each request a
new message with its own valid signature. The ways in turn, round by round, so that a noisy neighbour hits them alike;
medians of the rounds, and the ratios that count. ``wrk`` comes from Debian (`tools/debian-packages wrk`).

Printed beside the rate: processor time a request of the server and of PostgreSQL (which a busy neighbour changes less
than the rate), how long this disk takes to make 8 kB safe (it decides how the ways compare: on a slow disk whoever
commits once for many wins more), and for our own way the latency at half its maximum rate, from 64 connections that each
wait a random while between two requests.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import requests
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from intake.embedded import EmbeddedServer, open_folder, start_postgres, start_valkey
from intake.storage.migrate import upgrade
from tests.journeys.house import free_port

ROOT = Path(__file__).parents[1]
CONNECTIONS = 16
THREADS = "32"  # as in the Procfile
TOKEN = "1" * 32
TEXT = "Lapor pak, jalan rusak parah di desa Tegal Rejo kec Lawang Kidul kab Muara Enim, sudah 3 bulan blm diperbaiki"

_LUA = """
local lines = {}
for line in io.lines(os.getenv("BENCH_REQUESTS")) do lines[#lines + 1] = line end
local pause = tonumber(os.getenv("BENCH_PAUSE_MS"))
local threads = 0
function setup(thread) thread:set("first", threads) threads = threads + 1 end
function init() at = first * math.floor(#lines / 2) math.randomseed(first + 1) end
if pause > 0 then delay = function() return math.random(0, 2 * pause) end end
request = function()
  at = at % #lines + 1
  local signature, body = lines[at]:match("^(%S+) (.*)$")
  return wrk.format("POST", "/hooks/sms_twilio",
    {["X-Twilio-Signature"] = signature, ["Content-Type"] = "application/x-www-form-urlencoded"}, body)
end
done = function(summary, latency)
  io.write(string.format("BENCH %d %d %d %d %d\\n", summary.requests, summary.errors.status, summary.duration,
    latency:percentile(50), latency:percentile(99)))
end
"""


def write_requests(path: Path, url: str, count: int) -> None:
    """Signed requests, one a line: signature, form body."""
    validator = RequestValidator(TOKEN)
    with path.open("w") as file:
        for number in range(count):
            form = {
                "MessageSid": f"SM{secrets.token_hex(16)}", "AccountSid": "AC" + "0" * 32, "NumMedia": "0",
                "From": f"+62811{number % 10_000_000:07}", "To": "+628110001708", "Body": TEXT, "NumSegments": "1",
                "SmsStatus": "received", "ApiVersion": "2010-04-01",
            }  # fmt: skip
            file.write(f"{validator.compute_signature(url, form)} {urlencode(form)}\n")


@contextmanager
def serving(command: list[str], environ: dict[str, str], port: int) -> Iterator[int]:
    """The id of the session in which the server runs."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for _ in range(900):
            try:
                requests.get(f"http://127.0.0.1:{port}/", timeout=1)
                break
            except requests.RequestException:
                time.sleep(0.1)
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def press(
    port: int, seconds: int, folder: Path, rate_file: Path, *, connections: int = CONNECTIONS, pause_ms: int = 0
) -> dict[str, float]:
    """One run of wrk: accepted a second, p50 and p99 in milliseconds."""
    script = folder / "press.lua"
    script.write_text(_LUA)
    printed = subprocess.run(
        ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script),
         f"http://127.0.0.1:{port}"],
        env={**os.environ, "BENCH_REQUESTS": str(rate_file), "BENCH_PAUSE_MS": str(pause_ms)},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = re.search(r"BENCH (\d+) (\d+) (\d+) (\d+) (\d+)", printed)
    if not found:
        raise SystemExit(printed)
    requests_, errors, micros, p50, p99 = (int(each) for each in found.groups())
    if errors:
        msg = f"{errors} of {requests_} were not accepted"
        raise SystemExit(msg)
    return {
        "requests": requests_, "per_second": requests_ / (micros / 1e6), "p50_ms": p50 / 1000, "p99_ms": p99 / 1000,
    }  # fmt: skip


def processor_seconds(*, session: int = 0, parent: int = 0) -> float:
    """What all processes of a session, or a process and its children, have used so far."""
    used = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, rest = int(path.parent.name), path.read_text().rpartition(") ")[2].split()
            ended = int(rest[13]) + int(rest[14]) if pid in {session, parent} else 0  # of children that are gone
            if int(rest[3]) == session or pid == parent or int(rest[1]) == parent:
                used += int(rest[11]) + int(rest[12]) + ended
    return used / os.sysconf("SC_CLK_TCK")


def disk_ms(folder: Path, times: int = 200) -> float:
    """How long this disk takes to make 8 kB safe, as PostgreSQL does for a commit: the median."""
    took = []
    with (folder / "disk").open("wb") as file:
        for _ in range(times):
            file.write(b"x" * 8192)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def bare_inserts(url: str, seconds: int) -> dict[str, float]:
    """The database's own ceiling: as many connections that only insert and commit the same rows."""
    done = [0] * CONNECTIONS
    end = time.monotonic() + seconds

    def insert(index: int) -> None:
        statement = """with said as (insert into message (id, channel, external_id, report_id, sender, recipient, text,
            answerable) values (%(id)s, 'bare', %(ext)s, %(id)s, '+628110000000', '+628110001708', %(text)s, true)
            returning id),
            opened as (insert into report (id, reference, channel, sender, recipient, answerable)
            select id, %(ext)s, 'bare', '+628110000000', '+628110001708', true from said)
            insert into outbox (job, subject_id) select 'bare', id from said"""
        base = secrets.randbelow(1 << 40) << 20
        with psycopg.connect(url, autocommit=True) as connection:
            while time.monotonic() < end:
                done[index] += 1
                number = base + done[index]
                connection.execute(statement, {"id": number, "ext": f"{number:x}", "text": TEXT})

    threads = [threading.Thread(target=insert, args=(index,)) for index in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"per_second": sum(done) / seconds}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", help="one of the ways, e.g. sahut")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = open_folder(folder / "data")
        with start_postgres(data) as postgres, start_valkey(data) as valkey:
            disk = disk_ms(folder)
            results = run(wanted.seconds, wanted.rounds, folder, postgres, valkey.url, wanted.only)
    medians = {
        way: {figure: statistics.median(one[figure] for one in runs) for figure in runs[0]}
        for way, runs in results.items()
    }
    ours = medians.get("sahut", {}).get("per_second", 0.0)
    others = {way: figures["per_second"] for way, figures in medians.items() if not way.startswith("sahut") and ours}
    ratios = {f"sahut / {way}": round(ours / rate, 2) for way, rate in others.items()}
    if wanted.json:
        print(json.dumps({"disk_ms": disk, "medians": medians, "ratios": ratios}))
        return 0
    print(f"8 kB on this disk: {disk:.2f} ms")
    for way, figures in medians.items():
        print(f"{way:14}" + "".join(f"  {figure} {value:9.1f}" for figure, value in figures.items()))
    for pair, ratio in ratios.items():
        print(f"{pair:28} {ratio:.2f}")
    return 0


Results = dict[str, list[dict[str, float]]]


def run(seconds: int, rounds: int, folder: Path, postgres: EmbeddedServer, redis_url: str, only: str | None) -> Results:
    database_url = postgres.url
    upgrade(database_url)
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    environ = {
        **os.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url, "PUBLIC_URL": public_url,
        "SAHUT_SECRET_KEYS": "0" * 40, "SAHUT_LOG_LEVEL": "error", "SMS_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "SMS_TWILIO_AUTH_TOKEN": TOKEN, "SMS_TWILIO_NUMBERS": "+628110001708", "SAHUT_DATA": str(folder / "web"),
    }  # fmt: skip
    python = [sys.executable, "-m"]
    granian = [*python, "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port", str(port),
               "--log-level", "error", "--workers", "2", "--blocking-threads"]  # fmt: skip
    sync = [*python, "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers"]
    ways = {
        "sahut": [*granian, THREADS, "intake.web.wsgi:app"],
        "nothing": [*granian, THREADS, "bench.apps.noop:app"],
        "two inserts": [*granian, "8", "bench.apps.two_inserts:app"],
        # The number of workers that Gunicorn's own documentation advises: (2 x cores) + 1.
        "plain": [*sync, str(2 * (os.cpu_count() or 1) + 1), "bench.apps.plain:app"],
        "plain, 2 workers": [*sync, "2", "bench.apps.plain:app"],
    }
    subprocess.run(
        [sys.executable, "-c", "import bench.apps.plain"],
        env={**environ, "BENCH_CREATE_TABLES": "1"},
        cwd=ROOT,
        check=True,
    )
    results: dict[str, list[dict[str, float]]] = {}
    plain_url = database_url.replace("postgresql+psycopg://", "postgresql://")
    for _ in range(rounds):
        for way, command in ways.items():
            if only and way != only:
                continue
            file = folder / "requests"
            write_requests(file, f"{public_url}/hooks/sms_twilio", 60_000)
            with serving(command, environ, port) as session:
                press(port, 1, folder, file)
                write_requests(file, f"{public_url}/hooks/sms_twilio", 60_000)
                before = processor_seconds(session=session), processor_seconds(parent=postgres.pid)
                figures = press(port, seconds, folder, file)
                done = figures.pop("requests")
                figures["server_us"] = (processor_seconds(session=session) - before[0]) / done * 1e6
                figures["postgres_us"] = (processor_seconds(parent=postgres.pid) - before[1]) / done * 1e6
                results.setdefault(way, []).append(figures)
                if way == "sahut":
                    write_requests(file, f"{public_url}/hooks/sms_twilio", 60_000)
                    pause_ms = round(64_000 / (figures["per_second"] / 2))
                    half = press(port, seconds, folder, file, connections=64, pause_ms=pause_ms)
                    results.setdefault("sahut at half", []).append(
                        {n: half[n] for n in ("per_second", "p50_ms", "p99_ms")}
                    )
        if not only:
            results.setdefault("bare inserts", []).append(bare_inserts(plain_url, seconds))
    return results


if __name__ == "__main__":
    sys.exit(main())
