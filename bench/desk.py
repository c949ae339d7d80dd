"""The officers' list and search over many reports: time as an officer's request takes it in the database, and its plan.

    python -m bench.desk                # 100,000 reports with ten messages each, half of them in one regency
    python -m bench.desk --reports 20000 --plans

Fills a PostgreSQL of its own with invented reports and runs the very functions the pages call. Nothing is cached but
what PostgreSQL itself keeps: that is how the pages run too.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, event, text

from intake import monev, search, views
from intake.domain.reference import reference_of
from intake.embedded import temporary_postgres
from intake.monev import Period
from intake.search import Wanted
from intake.storage.database import open_engine
from intake.storage.migrate import upgrade
from intake.storage.officers import Officer

REGENCY = "16.03"
ROUNDS = 40
OWN = Officer(1, "own", "own", "regency", REGENCY)
SMALL = Officer(2, "small", "small", "regency", "32.73")
CENTRAL = Officer(3, "central", "central", "central", None)
UNIT = Officer(4, "unit", "unit", "unit", REGENCY, unit="PUPR")
#: Twelve saved views as officers make them: filters, what is late, and two with words.
VIEWS: Final = [
    {"topik": "INF.01"}, {"topik": "KES.01", "urgensi": "darurat"}, {"tampilan": "semua", "batas": "terlambat"},
    {"tampilan": "semua", "batas": "segera"}, {"keadaan": "diproses"}, {"tampilan": "menunggu"},
    {"unit": "Dinas 7"}, {"tampilan": "semua", "dari": "2026-11-01"}, {"tampilan": "selesai", "topik": "AIR.01"},
    {"urgensi": "tinggi"}, {"cari": "sampah bau"}, {"cari": "pesawat"},
]  # fmt: skip


def fill(engine: Engine, reports: int, messages_each: int) -> None:
    """Reports of the last year; half of them in one regency, the others in all of them alike."""
    with engine.begin() as connection:
        connection.execute(text("set local synchronous_commit = off"))
        connection.execute(text("set local statement_timeout = 0"))
        connection.execute(
            text("""
                create temporary table made on commit drop as
                select n as id, 'b' || n as reference,
                       case when n % 2 = 0 then :regency else (select code from regency
                            offset (n * 7 % 514) limit 1) end as regency,
                       (array['terdisposisi','diproses','ditindaklanjuti','selesai','selesai','selesai','selesai',
                              'diarsipkan','menunggu_verifikasi','ditanggapi_pelapor'])[1 + n % 10] as state,
                       (array['INF.01','KES.01','AIR.01','LHD.01','PDD.01'])[1 + n % 5] as topic,
                       (array['darurat','tinggi','sedang','sedang','rendah'])[1 + n * 3 % 5] as urgency,
                       'Dinas ' || (n % 28) as unit, now() - (:n - n) * interval '5 minutes' as opened_at,
                       (array['jalan rusak parah berlubang','air pdam mati','sampah menumpuk bau','obat puskesmas habis',
                              'atap sekolah ambruk'])[1 + n % 5] || ' di desa nomor ' || n % 977 || ' sudah '
                       || n % 12 || ' bulan belum diperbaiki mohon segera ditindaklanjuti pak bupati terima kasih' as said
                from generate_series(1, :n) as n
            """),
            {"n": reports, "regency": REGENCY},
        )
        for step in range(messages_each):
            connection.execute(
                text("""insert into message (id, channel, external_id, sender, recipient, text, answerable, received_at)
                        select id + :base, 'sms_twilio', :step || '-' || id, '+62811' || id, '', said, true, opened_at
                        from made"""),
                {"base": 0 if step == 0 else 10_000_000 * step, "step": str(step)},
            )
        connection.execute(
            text("""insert into report (id, reference, channel, sender, recipient, answerable, state, regency, topic,
                                        urgency, unit, type, opened_at)
                    select id, reference, 'sms_twilio', '+62811' || id, '', true, state, regency, topic, urgency, unit,
                           'pengaduan', opened_at from made""")
        )
        connection.execute(text("update message set report_id = id % 10000000"))
        connection.execute(
            text("""insert into search_words (report_id, words)
                    select id, to_tsvector('indonesian', said) || array_to_tsvector(array['@' || regency]) from made""")
        )
        connection.execute(
            text("""insert into deadline (report_id, sla_class, calendar_version, verify_kept, first_response_due,
                                          first_response_kept, finish_kept, next_due, next_clock, soon_at)
                    select id, 'tidak_berkadar', 'bench', true, opened_at + interval '7 days', id % 3 <> 0, id % 4 <> 0,
                           due, 'finish', due - interval '1 day'
                    from (select *, case when state in ('terdisposisi', 'diproses', 'ditanggapi_pelapor')
                                         then opened_at + interval '300 days' end as due from made) as m""")
        )
        connection.execute(
            text("""insert into history (report_id, actor, action, from_state, to_state, at)
                    select id, 'system', 'hand_over', 'diterima', 'terdisposisi', opened_at from made
                    union all
                    select id, 'officer', 'answered', 'terdisposisi', 'ditindaklanjuti', opened_at + interval '3 days'
                    from made where state in ('selesai', 'ditindaklanjuti')""")
        )
        connection.execute(
            text("""insert into disposition (report_id, unit, main, at)
                    select id, (array['PUPR','DLH','DISHUB','DINKES'])[1 + id % 4], true, opened_at
                    from made where id % 3 = 0""")
        )
        connection.execute(
            text("""insert into officer (username, name, password_hash, role, regency, session_key)
                    select 'bench-' || n, 'bench', '', case n when 3 then 'central' else 'regency' end,
                           case n when 1 then :own when 2 then :small end, 'k' from generate_series(1, 3) as n"""),
            {"own": REGENCY, "small": SMALL.regency},
        )
        for officer_id in (1, 2, 3):
            for number, query in enumerate(VIEWS):
                connection.execute(
                    text("""insert into saved_view (officer_id, desk, name, query, made_by)
                            values (:id, '', :name, cast(:query as jsonb), :id)"""),
                    {"id": officer_id, "name": f"Tampilan {number}", "query": json.dumps(query)},
                )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text("vacuum analyze"))


def measure(engine: Engine, name: str, ask: Callable[[object], object], *, plans: bool, rounds: int = ROUNDS) -> None:
    """Run it often; print the median and the 95th percentile, and on request how PostgreSQL goes about it."""
    said: list[tuple[str, object]] = []

    def listen(_c: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        said.append((statement, parameters))

    taken = []
    busy = 0.0
    with engine.connect() as connection:
        backend = int(connection.execute(text("select pg_backend_pid()")).scalar_one())
        for n in range(rounds + 3):
            if n == 3:
                busy = cpu_seconds(backend) + time.process_time()
            began = time.perf_counter()
            ask(connection)
            if n >= 3:
                taken.append((time.perf_counter() - began) * 1000)
        busy = (cpu_seconds(backend) + time.process_time() - busy) * 1000 / rounds
        if plans:
            event.listen(engine, "before_cursor_execute", listen)
            ask(connection)
            event.remove(engine, "before_cursor_execute", listen)
            for statement, parameters in said:
                if statement.lstrip().startswith("select"):
                    rows = connection.exec_driver_sql(f"explain (analyze, buffers) {statement}", parameters)  # type: ignore[arg-type]
                    print("\n".join(f"      {row[0]}" for row in rows))
    taken.sort()
    p95 = taken[min(len(taken) - 1, int(len(taken) * 0.95))]
    print(
        f"  {name:<44} median {statistics.median(taken):7.1f} ms   p95 {p95:7.1f} ms   CPU of both sides {busy:6.1f} ms",
        flush=True,
    )


def cpu_seconds(pid: int) -> float:
    """What a process has computed so far: on a machine that does other things too, this tells more than the clock."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--messages-each", type=int, default=10)
    parser.add_argument("--plans", action="store_true")
    asked = parser.parse_args()
    now = datetime.now(UTC)
    with temporary_postgres() as server:
        upgrade(server.url)
        engine = open_engine(server.url)
        began = time.perf_counter()
        fill(engine, asked.reports, asked.messages_each)
        print(
            f"{asked.reports} reports, {asked.messages_each} messages each, filled in {time.perf_counter() - began:.0f} s"
        )

        def listed(officer: Officer, before: int | None = None, **wanted: str) -> Callable[[object], object]:
            return lambda c: search.inbox(c, officer, Wanted.of(wanted), now=now, before=before, limit=51)  # type: ignore[arg-type]

        def whole_page(officer: Officer) -> Callable[[object], object]:
            def ask(c: object) -> object:
                search.counts(c, officer, now=now)  # type: ignore[arg-type]
                views.counted_views(c, officer, now=now)  # type: ignore[arg-type]
                return search.inbox(c, officer, Wanted.of({}), now=now, limit=51)  # type: ignore[arg-type]

            return ask

        for name, ask in (
            ("counts, half of all reports", lambda c: search.counts(c, OWN, now=now)),
            ("counts, one of the small regencies", lambda c: search.counts(c, SMALL, now=now)),
            ("counts, central desk", lambda c: search.counts(c, CENTRAL, now=now)),
            ("twelve saved views, half of all reports", lambda c: views.counted_views(c, OWN, now=now)),
            ("twelve saved views, a small regency", lambda c: views.counted_views(c, SMALL, now=now)),
            ("twelve saved views, central desk", lambda c: views.counted_views(c, CENTRAL, now=now)),
            ("all that one inbox page asks, half of all", whole_page(OWN)),
            ("all that one inbox page asks, small regency", whole_page(SMALL)),
            ("all that one inbox page asks, central desk", whole_page(CENTRAL)),
            ("all that one inbox page asks, a unit", whole_page(UNIT)),
            ("inbox, what needs action", listed(OWN)),
            ("inbox, a small regency", listed(SMALL)),
            ("inbox, central desk", listed(CENTRAL)),
            ("inbox, all, after 40,000 reports", listed(OWN, asked.reports // 5, tampilan="semua")),
            ("inbox, overdue", listed(OWN, tampilan="semua", batas="terlambat")),
            ("inbox, topic and urgency", listed(OWN, tampilan="semua", topik="INF.01", urgensi="darurat")),
            ("search, words of a fifth of all", listed(OWN, cari="jalan rusak")),
            ("search, a rare word", listed(OWN, cari="nomor 976 jalan")),
            ("search, a small regency", listed(SMALL, cari="jalan rusak")),
            ("search, central desk", listed(CENTRAL, cari="jalan rusak")),
            ("search, nothing found", listed(OWN, cari="kecelakaan pesawat")),
            ("search, a number", listed(OWN, cari=reference_of(asked.reports // 2))),
        ):
            measure(engine, name, ask, plans=asked.plans)
        year = Period(date(now.year - 1, now.month, 1), now.date())
        measure(
            engine,
            "figures of a year, half of all reports",
            lambda c: monev.figures(c, regency=REGENCY, period=year, now=now),  # type: ignore[arg-type]
            plans=asked.plans,
            rounds=5,
        )
        engine.dispose()


if __name__ == "__main__":
    main()
