"""Whether a report costs the same when a thousand are stored and when a million are.

    python -m bench.flat [--sizes 1000,30000,300000] [--messages 1000] [--json]

At each size: so many messages are received, decided and answered (in this process, by the house's own functions, the
gateway being one that takes everything), a fifth of them from people who have reported before. Printed for each step:
milliseconds and the database's processor milliseconds a message, and how many rows a message were read by scanning whole
tables, by table. That last figure tells of a missing index whatever else the machine is doing; small tables are rightly
read whole. A million takes some minutes to fill: ``--sizes 1000,100000,1000000``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg

from bench.drain import plain
from bench.processor import seconds_of
from channels.messages import InboundMessage
from intake import logs
from intake.embedded import open_folder, start_postgres
from intake.receive import receive
from intake.runtime import Runtime
from intake.settings import Settings
from intake.storage.database import open_engine
from intake.storage.migrate import upgrade
from intake.storage.outbox import Job
from tests.fakes import FakeChannel
from workers import jobs
from workers.__main__ import warm_up

ROOT = Path(__file__).parents[1]
OUR_NUMBER = "+628110001708"
_FIRST_STORED = 1 << 40  # far above the ids that new messages take
_STEP = 50_000

# Reports of the last 400 days, three of each sender, decided and answered.
_STORE = """
    with given as (
        select %(first)s + n as id, '+62812' || lpad(((%(first)s + n) %% 100000000 / 3)::text, 8, '0') as sender,
               now() - (n %% 400) * interval '1 day' - interval '1 hour' as at
        from generate_series(%(start)s, %(end)s - 1) as n
    ), opened as (
        insert into report (id, reference, channel, sender, recipient, answerable, state, regency, type, topic, urgency,
                            opened_at, handed_over_at)
        select id, 'STORED-' || id, 'sms_twilio', sender, %(ours)s, true, 'terdisposisi', '16.03', 'pengaduan', 'INF.01',
               'sedang', at, at from given
    ), said as (
        insert into message (id, channel, external_id, report_id, sender, recipient, text, answerable, received_at,
                             processed_at)
        select id, 'sms_twilio', 'STORED' || id, id, sender, %(ours)s,
               'Lapor, jalan nomor ' || id || ' di Lawang Kidul rusak', true, at, at from given
    ), stepped as (
        insert into history (report_id, actor, action, from_state, to_state, at)
        select id, 'system', 'hand_over', 'diterima', 'terdisposisi', at from given
    ), decided as (
        insert into decision (report_id, message_id, action, why, location, classification, at)
        select id, id, 'hand_over', 'wilayah_jelas', '{}', '{}', at from given
    ), kept as (
        insert into deadline (report_id, sla_class, calendar_version) select id, 'berkadar', 'x' from given
    ), found as (
        insert into search_words (report_id, words) select id, to_tsvector('simple', 'jalan rusak ' || id) from given
    ), handed as (
        insert into handover (report_id, regency, cause, state) select id, '16.03', 'stored:' || id, 'given' from given
    ), waits as (
        insert into outbox (job, subject_id, due_at) select 'remind', id, now() + interval '30 days' from given
    )
    insert into reply (report_id, cause, kind, channel, recipient, sender, text, state, external_id, created_at)
    select id, 'stored:' || id, 'hand_over', 'sms_twilio', sender, %(ours)s, 'LAPOR', 'delivered', 'x' || id, at from given
"""
_SCANNED = "select relname, seq_tup_read from pg_stat_user_tables"

Figures = dict[str, dict[str, object]]


def store(url: str, start: int, end: int) -> None:
    """Let so many reports be stored, where ``start`` are already."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        for first in range(start, end, _STEP):
            connection.execute(
                _STORE,
                {"first": _FIRST_STORED, "start": first, "end": min(end, first + _STEP), "ours": OUR_NUMBER},
            )
        connection.execute("vacuum analyze")


def scanned(url: str) -> dict[str, int]:
    """Rows read so far by scanning whole tables."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute("select pg_stat_force_next_flush()")
        return {str(name): int(rows or 0) for name, rows in connection.execute(_SCANNED)}


def measure(rt: Runtime, postgres_pid: int, number: int, count: int) -> Figures:
    """What receiving, deciding and answering cost now."""
    texts = [json.loads(line)["text"] for line in (ROOT / "bench/data/locate_dev.jsonl").read_text().splitlines()]

    def receive_all() -> None:
        for place in range(count):
            known = place % 5 == 0  # has reported before
            sender = f"+62812{place:08}" if known else f"+62811{number:03}{place:05}"
            said = texts[(place + number) % len(texts)]
            receive(rt, "sms_twilio", InboundMessage(f"SM{number}x{place}", sender, OUR_NUMBER, said))

    def work_off(job: Job) -> None:
        while jobs.carry_out(rt, job):
            pass

    figures: Figures = {}
    steps: dict[str, Callable[[], None]] = {
        "receive": receive_all,
        "decide": partial(work_off, Job.PROCESS),
        "answer": partial(work_off, Job.DELIVER),
    }
    for name, step in steps.items():
        url = rt.settings.database_url
        with psycopg.connect(plain(url), autocommit=True) as connection:  # nothing waits for a next part
            connection.execute(
                "update message set received_at = now() - interval '1 minute' where processed_at is null"
            )
        rt.engine.dispose()  # what its connections counted is told when they end
        before, spent, began = scanned(url), seconds_of(postgres_pid), time.perf_counter()
        step()
        took, cost = time.perf_counter() - began, seconds_of(postgres_pid) - spent
        rt.engine.dispose()
        time.sleep(0.2)
        after = scanned(url)
        rows = {table: round((after[table] - before[table]) / count, 1) for table in after}
        figures[name] = {
            "ms": round(took / count * 1000, 2),
            "database_ms": round(cost / count * 1000, 2),
            "rows_scanned": {table: each for table, each in rows.items() if each >= 1},
        }
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes", type=lambda said: [int(each) for each in said.split(",")], default=[1000, 30_000, 300_000]
    )
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    logs.configure("error")
    warm_up()
    results: dict[int, Figures] = {}
    with tempfile.TemporaryDirectory() as name, start_postgres(open_folder(Path(name) / "data")) as postgres:
        upgrade(postgres.url)
        settings = Settings.from_environ(
            {"DATABASE_URL": postgres.url, "PUBLIC_URL": "http://127.0.0.1:8080", "SAHUT_SECRET_KEYS": "0" * 40}
        )
        engine = open_engine(settings.database_url)
        rt = Runtime(settings, engine, {"sms_twilio": FakeChannel("sms_twilio", "sms")})
        measure(rt, postgres.pid, 0, 200)  # everything loaded
        stored = 0
        for number, size in enumerate(wanted.sizes, start=1):
            store(postgres.url, stored, size)
            stored = size
            results[size] = measure(rt, postgres.pid, number, wanted.messages)
        engine.dispose()
    if wanted.json:
        print(json.dumps(results))
        return 0
    for size, figures in results.items():
        for step, each in figures.items():
            print(f"{size:>9,} stored  {step:8} {each}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
