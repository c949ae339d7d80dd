"""How much disk a report needs: rows, indexes and write-ahead log, after it was received, decided and answered.

    python -m bench.size [--messages 3000] [--json]

The house's own functions in this process, the texts of ``bench/data/locate_dev.jsonl``, a gateway that takes everything.
Printed: bytes a message of each table with its indexes (TOAST included), of all together, and of the write-ahead log,
which is what a replica and an archive are sent. Attachments are not in it: they lie in the file store.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import psycopg

from bench.drain import plain
from bench.flat import measure
from intake import logs
from intake.embedded import open_folder, start_postgres
from intake.runtime import Runtime
from intake.settings import Settings
from intake.storage.database import open_engine
from intake.storage.migrate import upgrade
from tests.fakes import FakeChannel
from workers.__main__ import warm_up

_SIZES = """
    select c.relname, pg_table_size(c.oid), pg_indexes_size(c.oid) from pg_class c
    join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname = 'public'
"""


def look(url: str) -> tuple[dict[str, tuple[int, int]], int]:
    """Bytes of each table and of its indexes; bytes of write-ahead log since the beginning."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute("vacuum")
        sizes = {str(name): (int(rows), int(index)) for name, rows, index in connection.execute(_SIZES)}
        row = connection.execute("select pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone()
        return sizes, int(row[0]) if row else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    logs.configure("error")
    warm_up()
    with tempfile.TemporaryDirectory() as name, start_postgres(open_folder(Path(name) / "data")) as postgres:
        upgrade(postgres.url)
        settings = Settings.from_environ(
            {"DATABASE_URL": postgres.url, "PUBLIC_URL": "http://127.0.0.1:8080", "SAHUT_SECRET_KEYS": "0" * 40}
        )
        engine = open_engine(settings.database_url)
        rt = Runtime(settings, engine, {"sms_twilio": FakeChannel("sms_twilio", "sms")})
        measure(rt, postgres.pid, 0, 200)  # the first pages of every table
        before, log_before = look(postgres.url)
        measure(rt, postgres.pid, 1, wanted.messages)
        after, log_after = look(postgres.url)
        engine.dispose()
    a_message = {
        table: {
            "rows": round((after[table][0] - before[table][0]) / wanted.messages),
            "indexes": round((after[table][1] - before[table][1]) / wanted.messages),
        }
        for table in after
        if after[table] != before[table]
    }
    whole = sum(sum(each.values()) for each in a_message.values())
    log = round((log_after - log_before) / wanted.messages)
    if wanted.json:
        print(json.dumps({"bytes a message": a_message, "all": whole, "write_ahead_log": log}))
        return 0
    for table, each in sorted(a_message.items(), key=lambda pair: -sum(pair[1].values())):
        print(f"{table:20} rows {each['rows']:6}  indexes {each['indexes']:6}")
    print(f"{'all':20} {whole} bytes a message; write-ahead log {log}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
