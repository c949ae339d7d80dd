"""Remembering: once per message, whole or not at all, and never in a stranger's case."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from channels.messages import Attachment, Coordinates
from intake.domain.reference import reference_of
from intake.domain.report import State
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import messages, replies, reports
from intake.storage.database import Overloaded, is_lasting
from intake.storage.messages import Ids, Remembered
from intake.storage.together import Together
from tests.factories import OTHER_PHONE, PHONE, a_mail, an_sms


def count(rt: Runtime, table: str) -> int:
    with rt.engine.connect() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


def kept(rt: Runtime, *args: object, **more: object) -> Remembered:
    remembered = receive(rt, *args, **more).remembered  # type: ignore[arg-type]
    assert remembered is not None
    return remembered


def let_wait(rt: Runtime, report_id: int) -> None:
    with rt.engine.begin() as connection:
        reports.step(
            connection, report_id, State.TERTUNDA, actor="system", action="ask_place",
            values={"waiting_for": "place", "times_asked": 1},
        )  # fmt: skip


def test_message_report_and_promise_are_written_together(rt: Runtime) -> None:
    first = kept(rt, "sms_twilio", an_sms())
    assert first.new
    assert first.report_id == first.message_id
    with rt.engine.connect() as connection:
        report = reports.read(connection, first.message_id)
        message = messages.read(connection, first.message_id)
    assert report.reference == reference_of(first.message_id)
    assert report.state is State.DITERIMA
    assert message.text.startswith("Lapor pak")
    assert count(rt, "outbox") == 1


def test_the_same_message_again_changes_nothing_and_answers_the_same(rt: Runtime) -> None:
    message = an_sms()
    first = kept(rt, "sms_twilio", message)
    again = kept(rt, "sms_twilio", message)
    assert (again.message_id, again.report_id, again.new) == (first.message_id, first.report_id, False)
    assert (count(rt, "message"), count(rt, "report"), count(rt, "outbox")) == (1, 1, 1)


def test_fifty_copies_at_once_are_one_report(rt: Runtime) -> None:
    message = an_sms()
    found: list[Remembered] = []
    gate = threading.Barrier(10)

    def deliver() -> None:
        gate.wait()
        found.extend(kept(rt, "sms_twilio", message) for _ in range(5))

    threads = [threading.Thread(target=deliver) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 50
    assert len({remembered.message_id for remembered in found}) == 1
    assert sum(remembered.new for remembered in found) == 1
    assert (count(rt, "message"), count(rt, "report"), count(rt, "outbox")) == (1, 1, 1)


def test_the_same_id_on_another_channel_is_another_message(rt: Runtime) -> None:
    message = an_sms()
    assert kept(rt, "sms_twilio", message).message_id != kept(rt, "email_mime", message).message_id


def test_two_texts_of_one_second_are_two_reports(rt: Runtime) -> None:
    assert kept(rt, "sms_twilio", an_sms("satu")).report_id != kept(rt, "sms_twilio", an_sms("dua")).report_id


def test_an_answer_joins_the_report_that_waits_for_this_sender(rt: Runtime) -> None:
    asked = kept(rt, "sms_twilio", an_sms("jalan rusak")).message_id
    let_wait(rt, asked)
    assert kept(rt, "sms_twilio", an_sms("muara enim")).report_id == asked
    assert kept(rt, "sms_twilio", an_sms("muara enim", sender=OTHER_PHONE)).report_id != asked


def test_a_typed_reference_joins_its_report_for_its_own_sender_only(rt: Runtime) -> None:
    mine = kept(rt, "sms_twilio", an_sms()).message_id
    said = f"soal {reference_of(mine)}, masih rusak pak"
    assert kept(rt, "sms_twilio", an_sms(said, sender=PHONE)).report_id == mine
    assert kept(rt, "sms_twilio", an_sms(said, sender=OTHER_PHONE)).report_id != mine
    assert kept(rt, "email_mime", a_mail(said, sender=PHONE)).report_id != mine


def test_a_signed_address_joins_for_the_same_sender_only(rt: Runtime) -> None:
    mine = kept(rt, "email_mime", a_mail()).message_id
    assert kept(rt, "email_mime", a_mail("lagi", reply_token=str(mine))).report_id == mine
    assert kept(rt, "email_mime", a_mail("lagi", reply_token=str(mine), sender="lain@example.com")).report_id != mine
    assert kept(rt, "email_mime", a_mail("lagi", reply_token="99999999")).report_id != mine


def test_an_answer_to_our_own_message_joins_by_its_id(rt: Runtime) -> None:
    mine = kept(rt, "email_mime", a_mail()).message_id
    with rt.engine.begin() as connection:
        reply_id = replies.promise_reply(
            connection, cause="x", kind="added", report_id=mine, channel="email_mime", recipient="warga@example.com",
            sender="lapor@sahut.test", text_="x",
        )  # fmt: skip
        assert reply_id is not None
        replies.begin_sending(connection, reply_id, gateway="sms_twilio")
        replies.settle_accepted(connection, reply_id, external_id="<ours@sahut.test>", segments=None, final=False)
    assert kept(rt, "email_mime", a_mail("lagi", references=("<ours@sahut.test>",))).report_id == mine
    stranger = a_mail("lagi", references=("<ours@sahut.test>",), sender="lain@example.com")
    assert kept(rt, "email_mime", stranger).report_id != mine


def test_senders_without_an_address_share_no_case(rt: Runtime) -> None:
    first = kept(rt, "sms_twilio", an_sms("jalan rusak", sender="")).message_id
    let_wait(rt, first)
    assert kept(rt, "sms_twilio", an_sms("muara enim", sender="")).report_id != first


def test_machines_and_commands_open_no_report(rt: Runtime) -> None:
    assert kept(rt, "email_mime", a_mail(automatic="auto-submitted")).report_id is None
    assert kept(rt, "sms_twilio", an_sms(f"CEK {reference_of(5000)}")).report_id is None
    assert (count(rt, "report"), count(rt, "message")) == (0, 2)


def test_attachments_and_coordinates_are_kept(rt: Runtime) -> None:
    files = (
        Attachment("foto.jpg", "image/jpeg", b"\xff\xd8x"),
        Attachment("m", "image/png", url="https://example.com/m"),
    )
    message = replace(an_sms(), attachments=files, coordinates=Coordinates(-3.65, 103.77))
    remembered = kept(rt, "sms_twilio", message)
    kept(rt, "sms_twilio", message)
    assert count(rt, "attachment") == 2
    with rt.engine.connect() as connection:
        assert messages.read(connection, remembered.message_id).latitude == pytest.approx(-3.65)


def test_what_cannot_be_written_leaves_nothing_behind(rt: Runtime) -> None:
    with pytest.raises(DBAPIError):
        receive(rt, "sms_twilio", an_sms("a\x00b"))  # PostgreSQL takes no NUL: channels remove it
    assert (count(rt, "message"), count(rt, "report"), count(rt, "outbox")) == (0, 0, 0)


def test_ids_are_unique_over_blocks_and_processes(rt: Runtime) -> None:
    one, other = Ids(), Ids()
    with rt.engine.connect() as connection:
        taken = [ids.take(connection) for _ in range(100) for ids in (one, other)]
    assert len(set(taken)) == 200


def _set_back(rt: Runtime, message_id: int) -> None:
    """As after a server that did not live to commit a transaction in which it gave ids: it gives the same again."""
    with rt.engine.begin() as connection:
        connection.execute(text("select setval('message_id_seq', :given, false)"), {"given": message_id})


@pytest.mark.parametrize("with_file", [False, True], ids=["in one statement with others", "with its file"])
def test_an_id_that_the_server_gives_twice_loses_no_message(rt: Runtime, *, with_file: bool) -> None:
    other = replace(rt, together=Together())
    files = [Attachment("foto.jpg", "image/jpeg", b"\xff\xd8x")] if with_file else []
    first = kept(rt, "sms_twilio", an_sms())
    _set_back(rt, first.message_id)
    also = [kept(other, "sms_twilio", replace(an_sms(), attachments=tuple(files))) for _ in range(3)]
    more = [kept(rt, "sms_twilio", replace(an_sms(), attachments=tuple(files))) for _ in range(3)]
    assert len({each.message_id for each in (first, *also, *more)}) == 7
    assert (count(rt, "message"), count(rt, "report")) == (7, 7)


def test_ids_that_are_taken_for_ever_are_told_as_passing(rt: Runtime) -> None:
    class Stuck(Ids):
        def take(self, connection: Connection) -> int:
            return first.message_id

    first = kept(rt, "sms_twilio", an_sms())
    stuck = replace(rt, together=Together())
    stuck.together.ids = Stuck()
    with pytest.raises(Overloaded) as told:
        receive(stuck, "sms_twilio", an_sms())
    assert not is_lasting(told.value)
