"""A database that was empty a minute ago: what was planned for empty tables must not read full ones through."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from channels.messages import DeliveryStatus, InboundMessage
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import replies
from intake.storage.database import open_engine
from intake.storage.outbox import Job
from tests.journeys.house import wait_for
from workers import jobs

WORDS = "Lapor pak, jalan rusak parah di desa Tegal Rejo kec Lawang Kidul kab Muara Enim, sudah 3 bulan"
#: Those that grow with every message.
GROWING = [
    "message", "report", "outbox", "reply", "history", "decision", "deadline", "search_words", "handover", "person",
    "disposition", "delivery_report", "contact", "rating", "attachment",
]  # fmt: skip


def test_no_table_that_grows_is_read_through_for_a_message(rt: Runtime) -> None:
    workers = replace(rt, engine=open_engine(rt.settings.database_url, by_keys=True))
    with rt.engine.begin() as connection:  # nobody has counted their rows yet, however long this takes
        for name in GROWING:
            connection.execute(text(f"alter table {name} set (autovacuum_enabled = false)"))
    earlier = ""
    for number in range(240):
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
            earlier = connection.execute(text("select reference from report order by id desc limit 1")).scalar_one()
        if number % 20 == 19:
            for job in (Job.PROCESS, Job.DELIVER, Job.HAND_OVER):
                while jobs.carry_out(workers, job, turn_seconds=60):
                    pass
    workers.engine.dispose()  # a server process that ends tells what it read
    rt.engine.dispose()

    def joined() -> bool:
        with rt.engine.connect() as connection:
            told = connection.execute(text("select idx_scan from pg_stat_user_tables where relname = 'report'"))
            return int(told.scalar_one() or 0) > 240

    wait_for(joined, seconds=30, of="the figures of the server processes that ended")
    with rt.engine.connect() as connection:
        through = connection.execute(
            text("""select relname, seq_tup_read from pg_stat_user_tables
                    where relname = any(:names) and seq_tup_read > 0"""),
            {"names": GROWING},
        ).all()
        joins = connection.execute(text("select count(*) from message where report_id <> id")).scalar_one()
    assert through == []
    assert joins > 0
