"""How fast a backlog becomes decided reports with their acknowledgements promised, with two workers.

    python -m bench.drain [--messages 20000] [--theirs 2000] [--rounds 1] [--only sahut] [--json]

The same PostgreSQL (fsync on), the same Valkey, the same texts, resolver, classifier and statements. Ours take batches
from the outbox; Celery, Dramatiq, Huey and procrastinate get one message a job, each in its usual quick configuration
(``bench/apps/drain``), on a fresh database each. Everybody begins with the whole backlog queued; the rate is taken from
the first twentieth to the last message, so that nobody's start counts. The others get fewer messages, for they need
longer; their rates do not depend on it. Printed beside it: processor time, which a busy neighbour changes less.
``pip install -r requirements/bench.txt`` installs them; who is not installed is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.processor import seconds_of
from intake.domain.reference import reference_of
from intake.embedded import open_folder, start_postgres, start_valkey
from intake.storage.migrate import upgrade

ROOT = Path(__file__).parents[1]
OUR_NUMBER = "+628110001708"
WAYS = ("sahut", "celery", "dramatiq", "huey", "procrastinate")
_FIRST_ID = 1_000_000
_PATIENCE_SECONDS = 40

_FILL = """
    with given as (
        select * from json_to_recordset(%s::json) as given (id bigint, reference text, sender text, text text)
    ), opened as (
        insert into report (id, reference, channel, sender, recipient, answerable, opened_at)
        select id, reference, 'sms_twilio', sender, %s, true, now() - interval '1 minute' from given
    ), said as (
        insert into message (id, channel, external_id, report_id, sender, recipient, text, answerable, received_at)
        select id, 'sms_twilio', 'SM' || id, id, sender, %s, text, true, now() - interval '1 minute' from given
    )
    insert into outbox (job, subject_id) select 'process', id from given
"""


def plain(url: str) -> str:
    """A database URL as libpq takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def fill(url: str, count: int) -> list[int]:
    """A backlog of so many first messages, each from another phone; their ids."""
    texts = [json.loads(line)["text"] for line in (ROOT / "bench/data/locate_dev.jsonl").read_text().splitlines()]
    rows = [
        {"id": id_, "reference": reference_of(id_), "sender": f"+62811{id_:08}", "text": texts[id_ % len(texts)]}
        for id_ in range(_FIRST_ID, _FIRST_ID + count)
    ]
    with psycopg.connect(plain(url), autocommit=True) as connection:
        for start in range(0, count, 5000):
            connection.execute(_FILL, (json.dumps(rows[start : start + 5000]), OUR_NUMBER, OUR_NUMBER))
        connection.execute("vacuum analyze")
    return [int(row["id"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Drained:
    """Messages a second; milliseconds of processor time a message, of the workers and of the servers; all of them?"""

    a_second: float
    workers_ms: float
    servers_ms: float
    finished: bool


@contextmanager
def working(commands: Sequence[Sequence[str]], environ: dict[str, str], log: Path) -> Iterator[list[int]]:
    with log.open("ab") as file:
        processes = [
            subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=environ, stdout=file, stderr=file, start_new_session=True
            )
            for command in commands
        ]
    try:
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def watch(url: str, count: int, workers: Sequence[int], servers: Sequence[int]) -> Drained:
    """From the first twentieth to the last message."""

    def spent() -> tuple[float, float]:
        return sum(map(seconds_of, workers)), sum(map(seconds_of, servers))

    begun = 0
    end = time.monotonic() + _PATIENCE_SECONDS
    with psycopg.connect(plain(url), autocommit=True) as connection:
        while True:
            row = connection.execute("select count(*) from message where processed_at is not null").fetchone()
            done, now = (row[0] if row else 0), time.monotonic()
            if not begun and done >= count // 20:
                begun, began, before = done, now, spent()
            if begun and (done >= count or now > end):
                after = spent()
                kept = done - begun
                return Drained(
                    kept / (now - began),
                    (after[0] - before[0]) / kept * 1000,
                    (after[1] - before[1]) / kept * 1000,
                    finished=done >= count,
                )
            if now > end:
                msg = "nothing was decided"
                raise SystemExit(msg)
            time.sleep(0.05)


def drain(
    way: str, database_url: str, environ: dict[str, str], count: int, folder: Path, servers: Sequence[int]
) -> Drained:
    ids = fill(database_url, count)
    log = folder / f"{way}.log"
    if way == "sahut":
        with working([["-m", "bench.apps.drain.with_sahut"]] * 2, environ, log) as workers:
            return watch(database_url, count, workers, servers)
    enqueue = (
        f"import json, sys; from bench.apps.drain.with_{way} import enqueue, COMMANDS;"
        " enqueue(json.load(sys.stdin)); print(json.dumps(COMMANDS))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", enqueue],
        input=json.dumps(ids), env=environ, cwd=ROOT, text=True, capture_output=True, check=False,
    )  # fmt: skip
    if printed.returncode:
        raise SystemExit(printed.stderr)
    try:
        with working(json.loads(printed.stdout.splitlines()[-1]), environ, log) as workers:
            return watch(database_url, count, workers, servers)
    except SystemExit:
        print(log.read_text()[-2000:], file=sys.stderr)
        raise


def check(database_url: str, count: int) -> None:
    """Everything was decided once, and whoever was decided about hears of it."""
    with psycopg.connect(plain(database_url)) as connection:
        row = connection.execute(
            """select (select count(*) from decision), (select count(distinct report_id) from decision),
                      (select count(*) from report where state = 'diterima'),
                      (select count(*) from report r where state <> 'diarsipkan'
                       and not exists (select 1 from reply where report_id = r.id))"""
        ).fetchone()
    if row != (count, count, 0, 0):
        msg = f"not decided once each: {row} of {count}"
        raise SystemExit(msg)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--theirs", type=int, default=2_000, help="messages for each of the others")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", choices=WAYS)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    ways = [
        way for way in WAYS
        if wanted.only in {None, way} and (way == "sahut" or importlib.util.find_spec(way) is not None)
    ]  # fmt: skip
    runs: dict[str, list[Drained]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = open_folder(folder / "data")
        with start_postgres(data) as postgres, start_valkey(data) as valkey:
            upgrade(postgres.url)
            for number in range(wanted.rounds):
                for way in ways:
                    database = f"{way}_{number}"
                    with psycopg.connect(plain(postgres.url), dbname="postgres", autocommit=True) as connection:
                        connection.execute(f"create database {database} template sahut")
                    url = postgres.url.replace("/sahut?", f"/{database}?")
                    environ = {
                        **os.environ, "DATABASE_URL": url, "REDIS_URL": valkey.url, "SAHUT_LOG_LEVEL": "error",
                        "PUBLIC_URL": "http://127.0.0.1:8080", "SAHUT_SECRET_KEYS": "0" * 40,
                        "SAHUT_DATA": str(folder / "files"), "SMS_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
                        "SMS_TWILIO_AUTH_TOKEN": "1" * 32, "SMS_TWILIO_NUMBERS": OUR_NUMBER,
                    }  # fmt: skip
                    count = wanted.messages if way == "sahut" else wanted.theirs
                    servers = [postgres.pid, valkey.pid]
                    run = drain(way, url, environ, count, folder, servers)
                    runs[way].append(run)
                    if way == "sahut" and run.finished:
                        check(url, count)
    medians = {way: round(statistics.median(run.a_second for run in each), 1) for way, each in runs.items()}
    costs = {
        way: (
            round(statistics.median(run.workers_ms for run in each), 2),
            round(statistics.median(run.servers_ms for run in each), 2),
        )
        for way, each in runs.items()
    }
    best = max((rate for way, rate in medians.items() if way != "sahut"), default=0.0)
    ratio = round(medians["sahut"] / best, 2) if best and "sahut" in medians else None
    if wanted.json:
        print(json.dumps({"a_second": medians, "processor_ms": costs, "sahut / best of the others": ratio}))
        return 0
    for way, rate in medians.items():
        workers_ms, servers_ms = costs[way]
        unfinished = "" if all(run.finished for run in runs[way]) else "  (not all in time)"
        print(
            f"{way:14} {rate:8.1f} a second; processor ms a message: workers {workers_ms}, servers {servers_ms}{unfinished}"
        )
    if ratio is not None:
        print(f"sahut / best of the others: {ratio}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
