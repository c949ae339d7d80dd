"""A database that was empty a minute ago: what was planned for empty tables must not read full ones through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Engine, QueuePool, text

from channels.messages import DeliveryStatus, InboundMessage
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import replies
from intake.storage.database import open_engine
from intake.storage.outbox import Job
from workers import jobs

WORDS = "Lapor pak, jalan rusak parah di desa Tegal Rejo kec Lawang Kidul kab Muara Enim, sudah 3 bulan"
#: Those that grow with every message.
GROWING = [
    "message", "report", "outbox", "reply", "history", "decision", "deadline", "search_words", "handover", "person",
    "disposition", "delivery_report", "contact", "rating", "attachment",
]  # fmt: skip
STOCK = 20_000
#: Reports of a year ago with their answers, and work that is promised for tomorrow.
MUCH = """
    insert into report (id, reference, channel, sender, recipient, answerable, state, opened_at)
    select n, 'S' || n, 'sms_twilio', '+62812' || n, '+628110001708', true, 'selesai', now() - interval '1 year'
    from generate_series({first}, {last}) as n;
    insert into message (id, channel, external_id, report_id, sender, recipient, text, answerable, received_at, processed_at)
    select id, channel, reference, id, sender, recipient, 'x', true, opened_at, opened_at
    from report where id >= {first};
    insert into reply (cause, kind, report_id, channel, recipient, sender, text, state, external_id, created_at, settled_at)
    select 'stock:' || id, 'hand_over', id, channel, sender, recipient, 'x', 'sent', reference, opened_at, opened_at
    from report where id >= {first};
    insert into deadline (report_id, sla_class, calendar_version) select id, 'biasa', 'x' from report where id >= {first};
    insert into outbox (job, subject_id, due_at, lane)
    select job, id, now() + interval '1 day', 'sms_twilio' from report,
           unnest(array['process', 'deliver', 'hand_over', 'remind']) as job where id >= {first}
"""


def test_no_table_that_grows_is_read_through_for_a_message(rt: Runtime) -> None:
    with as_workers(rt) as workers:
        talk = conversation(rt)
        for number in range(240):
            next(talk)
            if number % 20 == 19:
                carry_out_all(workers)
        tell(workers.engine, rt.engine)
        with rt.engine.connect() as connection:
            joins = connection.execute(text("select count(*) from message where report_id <> id")).scalar_one()
    assert read_through(rt.engine) == {}
    assert joins > 0


def test_no_index_is_read_through_either_once_much_is_stored(rt: Runtime) -> None:
    """A plan for an empty table may walk along a whole index, or all rows of one kind, as well as read the table."""
    turns, in_one = 15, 8
    with as_workers(rt) as workers:
        talk = conversation(rt)
        for _ in range(10):  # everything is planned, for tables of a few rows
            for _ in range(in_one):
                next(talk)
            carry_out_all(workers)
        with rt.engine.begin() as connection:
            for statement in MUCH.format(first=1_000_000, last=1_000_000 + STOCK - 1).split(";"):
                connection.execute(text(statement))
        tell(workers.engine, rt.engine)
        before = walked_along(rt.engine)
        for _ in range(turns):
            for _ in range(in_one):
                next(talk)
            carry_out_all(workers)
        tell(workers.engine, rt.engine)
        walked = {name: rows - before[name] for name, rows in walked_along(rt.engine).items()}
    assert walked["pk_report"] > 0
    del walked["ix_reply_created_at"]  # what was said in the last minute is counted, up to LIMITS.per_minute_to_all
    # Once through in every turn would be fifteen times the stock.
    assert {name: rows for name, rows in walked.items() if rows > STOCK} == {}


@contextmanager
def as_workers(rt: Runtime) -> Iterator[Runtime]:
    with rt.engine.begin() as connection:  # nobody has counted their rows yet, however long this takes
        for name in GROWING:
            connection.execute(text(f"alter table {name} set (autovacuum_enabled = false)"))
    workers = replace(rt, engine=open_engine(rt.settings.database_url, by_keys=True))
    try:
        yield workers
    finally:
        workers.engine.dispose()


def carry_out_all(workers: Runtime) -> None:
    for job in (Job.PROCESS, Job.DELIVER, Job.HAND_OVER):
        while jobs.carry_out(workers, job, turn_seconds=60):
            pass


def conversation(rt: Runtime) -> Iterator[None]:
    """An SMS, a letter and two delivery receipts at a time; every fifth SMS names an earlier report."""
    earlier, number = "", 0
    while True:
        said = f"{WORDS}. {earlier}" if number % 5 == 4 else WORDS
        message = InboundMessage(f"SM{number:032}", f"+62811{number // 5:08}", "+628110001708", said)
        receive(rt, "sms_twilio", message)
        letter = InboundMessage(
            f"<{number}@contoh.example>", f"warga{number}@contoh.example", "lapor@contoh.example", WORDS
        )
        receive(rt, "email_mime", letter)
        with rt.engine.begin() as connection:
            for reply_id, external_id in ((number, ""), (None, f"fake-{number}")):
                replies.record_delivery(
                    connection, channel="sms_twilio", reply_id=reply_id, external_id=external_id,
                    status=DeliveryStatus.DELIVERED, code=None,
                )  # fmt: skip
        with rt.engine.connect() as connection:
            earlier = connection.execute(
                text("select reference from report where id < 1000000 order by id desc limit 1")
            ).scalar_one()
        number += 1
        yield


def tell(*engines: Engine) -> None:
    """Every server process of these, of which each has one here, tells what it has read until now."""
    for engine in engines:
        assert isinstance(engine.pool, QueuePool)
        assert engine.pool.checkedin() == 1
        with engine.begin() as connection:
            connection.execute(text("select pg_stat_force_next_flush()"))


def read_through(engine: Engine) -> dict[str, int]:
    """The tables that grow of which rows were read in their order, and how many."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "select relname, seq_tup_read from pg_stat_user_tables where relname = any(:names) and seq_tup_read > 0"
            ),
            {"names": GROWING},
        )
        return {row.relname: row.seq_tup_read for row in rows}


def walked_along(engine: Engine) -> dict[str, int]:
    """The indexes of the tables that grow, and how many of their entries were read."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("select indexrelname, idx_tup_read from pg_stat_user_indexes where relname = any(:names)"),
            {"names": GROWING},
        )
        return {row.indexrelname: row.idx_tup_read for row in rows}
