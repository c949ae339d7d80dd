"""Who asks to be forgotten is found nowhere afterwards; the figures are what they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import ARRAY, LargeBinary, Text, event, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from channels.messages import Attachment, DeliveryStatus
from intake.commands.forget import forget
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import erasure, quarantine, replies
from intake.storage.attachments import Store
from intake.storage.outbox import Job
from intake.storage.tables import metadata
from tests.conftest import PUBLIC_URL, SECRET_KEY
from tests.factories import CLEAR_TEXT, OTHER_PHONE, PHONE, a_mail, an_sms
from tests.intake.test_attachments import a_picture
from tests.intake.web.conftest import an_officer
from workers import jobs

WRITTEN = "Lawang"
OFFICER_WROTE = "Ibu Siti di rumah nomor empat"
_SPEAKING = (Text, JSONB, LargeBinary, ARRAY, TSVECTOR)
#: Tables that hold nothing of a reporter: the house's own settings and accounts, and what goes by age.
_NOT_OF_REPORTERS = {
    "answer_template", "attempt", "day_override", "desk", "digest", "gateway", "mail_cursor", "officer", "officer_link",
    "officer_session", "outbox", "person", "quarantine", "recovery_code", "refusal", "regency", "regency_setting",
    "reminder_address", "saved_view", "sla_change",
}  # fmt: skip


def test_every_column_in_which_something_can_be_written_has_a_rule() -> None:
    for table in metadata.sorted_tables:
        if table.name in _NOT_OF_REPORTERS:
            continue
        _, erased = erasure.ERASED.get(table.name, ("", {}))
        if erased is None:
            continue  # its rows go
        speaking = {
            column.name for column in table.columns if isinstance(column.type, _SPEAKING) and not column.computed
        }
        kept = erasure.KEPT.get(table.name, frozenset())
        assert speaking <= set(erased) | kept, table.name
        assert not set(erased) & kept, table.name


@pytest.fixture
def told(rt: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """Two reports with pictures, one of somebody else; the first has a note, a contact and a finished answer."""
    for name, value in {
        "DATABASE_URL": rt.settings.database_url, "PUBLIC_URL": PUBLIC_URL, "SAHUT_SECRET_KEYS": SECRET_KEY,
        "SAHUT_FILES_URL": str(tmp_path / "berkas"), "SAHUT_DATA": str(tmp_path),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    object.__setattr__(rt.settings, "files_url", str(tmp_path / "berkas"))
    for number, sender in ((1, PHONE), (2, OTHER_PHONE)):
        picture = Attachment(f"rumah {WRITTEN}.jpg", "image/jpeg", a_picture(size=(40 + number, 20)))
        message = an_sms(CLEAR_TEXT, sender=sender, external_id=f"SM{number:032x}")
        object.__setattr__(message, "attachments", (picture,))
        receive(rt, "sms_twilio", message)
    while sum(jobs.carry_out(rt, job) for job in Job):
        pass
    an_officer(rt, "petugas", "16.03")
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into note (report_id, officer_id, text) select r.id, o.id, :words from report r, officer o
                    where r.sender = :phone"""),
            {"words": OFFICER_WROTE, "phone": PHONE},
        )
        connection.execute(
            text(
                """insert into contact (report_id, family, address)
                   select id, 'phone', :phone from report where sender = :phone"""
            ),
            {"phone": PHONE},
        )
        connection.execute(
            text("""insert into history (report_id, actor, action, reason, detail)
                    select id, 'officer', 'answered', :words, jsonb_build_object('words', cast(:words as text))
                    from report where sender = :phone"""),
            {"words": OFFICER_WROTE, "phone": PHONE},
        )
        connection.execute(
            text("update report set state = 'selesai', closed_at = now() - interval '6 years' where sender = :phone"),
            {"phone": PHONE},
        )
    return rt


def everything_of(rt: Runtime, sender: str) -> tuple[str, list[int]]:
    """All rows that belong to this person's reports, as text; and the numbers of the reports."""
    with rt.engine.connect() as connection:
        ids = erasure.of_sender(connection, sender)
        return rows_of(rt, ids), ids


def rows_of(rt: Runtime, ids: list[int]) -> str:
    found = []
    with rt.engine.connect() as connection:
        for table in metadata.sorted_tables:
            if "report_id" in table.columns or table.name in {"report", "attachment"}:
                where = erasure.ERASED.get(table.name, ("report_id = any(:ids)", {}))[0]
                if table.name == "report":
                    where = "id = any(:ids)"
                rows = connection.execute(
                    text(f"select row_to_json(t)::text from {table.name} t where {where}"), {"ids": ids}
                )
                found += [str(row[0]) for row in rows]
    return "\n".join(found)


def figures(rt: Runtime) -> list[tuple[object, ...]]:
    with rt.engine.connect() as connection:
        rows = connection.execute(
            text("""select regency, district, village, unit, type, topic, urgency, state, opened_at, closed_at from report
                    order by id""")
        )
        return [tuple(row) for row in rows]


def test_nothing_of_a_person_is_left_and_nobody_else_is_touched(told: Runtime) -> None:
    before, ids = everything_of(told, PHONE)
    assert (PHONE in before, WRITTEN in before, OFFICER_WROTE in before) == (True, True, True)
    others, _ = everything_of(told, OTHER_PHONE)
    counted = figures(told)
    with told.engine.connect() as connection:
        stored = list(connection.execute(text("select stored from attachment order by id")).scalars())

    looked = CliRunner().invoke(forget, ["--address", PHONE, "--json"])
    assert json.loads(looked.stdout.splitlines()[-1]) == {"reports": 1, "files": 0, "unread": 0, "done": False}
    assert everything_of(told, PHONE)[0] == before

    done = CliRunner().invoke(forget, ["--address", PHONE, "--yes", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[-1]) == {"reports": 1, "files": 1, "unread": 0, "done": True}
    after = rows_of(told, ids)
    for trace in (PHONE, PHONE.removeprefix("+62"), WRITTEN, OFFICER_WROTE, "jalan"):
        assert trace not in after
    assert figures(told) == counted
    assert everything_of(told, OTHER_PHONE)[0] == others
    store = Store(told.settings.files_url)
    with pytest.raises(FileNotFoundError):
        store.get(stored[0])
    assert store.get(stored[1])
    # A provider that still lists it does not bring it back.
    receive(told, "sms_twilio", an_sms(CLEAR_TEXT, external_id=f"SM{1:032x}"))
    assert everything_of(told, PHONE)[1] == []


def test_what_ended_long_ago_goes_by_age_once(told: Runtime) -> None:
    old = CliRunner().invoke(forget, ["--ended-days-ago", "1825", "--yes", "--json"])
    assert json.loads(old.stdout.splitlines()[-1])["reports"] == 1
    again = CliRunner().invoke(forget, ["--ended-days-ago", "1825", "--yes", "--json"])
    assert json.loads(again.stdout.splitlines()[-1])["reports"] == 0


def test_a_report_somebody_still_owes_an_answer_to_is_not_forgotten_by_the_way(told: Runtime) -> None:
    refused = CliRunner().invoke(forget, ["--address", OTHER_PHONE, "--yes"])
    assert refused.exit_code == 1
    assert "still open" in refused.stderr
    assert everything_of(told, OTHER_PHONE)[1] != []
    assert CliRunner().invoke(forget, ["--address", OTHER_PHONE, "--yes", "--open-too"]).exit_code == 0
    assert everything_of(told, OTHER_PHONE)[1] == []


def test_what_is_asked_for_has_to_be_clear(told: Runtime) -> None:
    assert CliRunner().invoke(forget, []).exit_code == 2
    assert CliRunner().invoke(forget, ["7K3-QX4M", "--address", PHONE]).exit_code == 2
    assert CliRunner().invoke(forget, ["7K3-QX4M"]).exit_code == 1


def test_a_letter_that_still_lies_in_the_mailbox_does_not_come_back(told: Runtime) -> None:
    letter = a_mail(sender="warga@example.com")
    kept = receive(told, "email_mime", letter).remembered
    assert kept is not None
    assert CliRunner().invoke(forget, ["--address", "warga@example.com", "--yes", "--open-too"]).exit_code == 0
    assert "warga@" not in rows_of(told, [kept.message_id])
    again = receive(told, "email_mime", letter).remembered
    assert again is not None
    assert (again.new, again.message_id) == (False, kept.message_id)
    assert everything_of(told, "warga@example.com")[1] == []


def test_commands_and_codes_of_who_is_forgotten_go_too(told: Runtime) -> None:
    receive(told, "sms_twilio", an_sms("CEK", sender=PHONE, external_id="SMcek1"))
    receive(told, "sms_twilio", an_sms("CEK", sender=OTHER_PHONE, external_id="SMcek2"))
    while sum(jobs.carry_out(told, job) for job in Job):
        pass
    with told.engine.connect() as connection:
        loose = text("select count(*) from message where report_id is null")
        assert connection.execute(loose).scalar_one() == 2
    assert CliRunner().invoke(forget, ["--address", PHONE, "--yes"]).exit_code == 0
    with told.engine.connect() as connection:
        for column, table in (("sender", "message"), ("recipient", "reply")):
            counted = text(f"select count(*) from {table} where {column} = :address")
            assert connection.execute(counted, {"address": PHONE}).scalar_one() == 0
            assert connection.execute(counted, {"address": OTHER_PHONE}).scalar_one() > 0


def forget_yes(*which: str) -> dict[str, object]:
    done = CliRunner().invoke(forget, [*which, "--yes", "--open-too", "--json"])
    assert done.exit_code == 0, done.output
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told


def files_in(rt: Runtime) -> list[Path]:
    return [each for each in Path(rt.settings.files_url).rglob("*") if each.is_file()]


def while_a_file_is_settled(rt: Runtime, do: Callable[[], object]) -> None:
    """Let something happen between the file's bytes in the store and the row that says that they are there."""
    done: list[str] = []

    def before_settling(_c: object, _k: object, statement: str, *_: object) -> None:
        if not done and statement.startswith("update attachment set real_type"):
            done.append(statement)
            do()

    event.listen(rt.engine, "before_cursor_execute", before_settling)


def send_picture(rt: Runtime, sender: str, external_id: str) -> None:
    message = an_sms("Jalan rusak, foto terlampir", sender=sender, external_id=external_id)
    object.__setattr__(message, "attachments", (Attachment("foto.jpg", "image/jpeg", a_picture(size=(41, 20))),))
    receive(rt, "sms_twilio", message)


def test_a_file_that_somebody_else_sends_at_that_moment_stays(told: Runtime) -> None:
    send_picture(told, "+628110000003", f"SM{3:032x}")  # the same bytes as PHONE's
    while_a_file_is_settled(told, lambda: forget_yes("--address", PHONE))
    jobs.carry_out(told, Job.INSPECT)
    with told.engine.connect() as connection:
        [kept] = connection.execute(
            text("select stored from attachment a join message m on m.id = message_id where sender = '+628110000003'")
        ).scalars()
        assert (
            connection.execute(text("select count(*) from message where sender = :s"), {"s": PHONE}).scalar_one() == 0
        )
    assert Store(told.settings.files_url).get(kept)
    forget_yes("--address", "+628110000003")  # and goes with the last who had it
    assert kept not in {each.name for each in files_in(told)}


def test_who_is_forgotten_while_their_file_is_looked_at_leaves_no_bytes(told: Runtime) -> None:
    forget_yes("--address", PHONE)
    before = files_in(told)
    send_picture(told, "+628110000003", f"SM{3:032x}")
    while_a_file_is_settled(told, lambda: forget_yes("--address", "+628110000003"))
    jobs.carry_out(told, Job.INSPECT)
    assert files_in(told) == before


def test_what_a_command_that_broke_off_left_in_the_store_goes_with_the_next(told: Runtime) -> None:
    before = len(files_in(told))
    with told.engine.begin() as connection:
        erasure.erase(connection, erasure.of_sender(connection, PHONE))
    assert len(files_in(told)) == before
    assert forget_yes("--address", "+628110000009") == {"reports": 0, "files": 1, "unread": 0, "done": True}
    assert len(files_in(told)) == before - 1


@pytest.mark.parametrize("how", ["address", "age"])
def test_letters_of_machines_go_with_their_files(told: Runtime, how: str) -> None:
    """An answer of an absent person's mailbox, and a bounce from nobody that names whom it is about."""
    before = files_in(told)
    away = replace(
        a_mail("Saya cuti", sender="warga@example.com", automatic="auto-replied"),
        attachments=(Attachment("kartu nama.jpg", "image/jpeg", a_picture(size=(90, 9))),),
    )
    bounce = replace(
        a_mail("Kotak surat warga@example.com penuh", sender="", automatic="bounce"),
        attachments=(Attachment("surat asli.eml", "message/rfc822", b"To: warga@example.com"),),
    )
    kept = [receive(told, "email_mime", each).remembered for each in (away, bounce)]
    while sum(jobs.carry_out(told, job) for job in Job):
        pass
    assert len(files_in(told)) == len(before) + 2
    if how == "address":
        forget_yes("--address", "warga@example.com")
    else:
        with told.engine.begin() as connection:
            connection.execute(
                text("update message set received_at = now() - interval '6 years' where report_id is null")
            )
        forget_yes("--ended-days-ago", "1900")
    with told.engine.connect() as connection:
        left = connection.execute(
            text("""select row_to_json(m)::text || row_to_json(a)::text from message m join attachment a
                    on a.message_id = m.id where m.id = any(:ids)"""),
            {"ids": [each.message_id for each in kept if each is not None]},
        )
        rows = "".join(left.scalars())
    for trace in ("warga@", "cuti", "kartu", "surat asli", "Kotak"):
        assert trace not in rows
    assert len(files_in(told)) <= len(before)


@pytest.mark.parametrize(
    "external_id", ["wamid.HBgNNjI4MTEwMDAwMDAwMxUCABIYFDNB", "628110000003-1760000000", "6281100000031760000000"]
)
def test_ids_in_which_a_number_may_stand_are_forgotten_and_still_known(told: Runtime, external_id: str) -> None:
    message = an_sms("jalan rusak", sender="+628110000003", external_id=external_id)
    kept = receive(told, "sms_twilio", message).remembered
    assert kept is not None
    while sum(jobs.carry_out(told, job) for job in Job):
        pass
    with told.engine.begin() as connection:
        [reply] = connection.execute(text("select id from reply where recipient = '+628110000003'")).scalars()
        replies.record_delivery(
            connection, channel="sms_twilio", reply_id=reply, external_id=external_id,
            status=DeliveryStatus.DELIVERED, code=None,
        )  # fmt: skip
    forget_yes("--address", "+628110000003")
    with told.engine.connect() as connection:
        for table in ("message", "reply", "delivery_report"):
            rows = "".join(connection.execute(text(f"select row_to_json(t)::text from {table} t")).scalars())
            assert external_id not in rows
    again = receive(told, "sms_twilio", message).remembered
    assert again is not None
    assert (again.new, again.message_id) == (False, kept.message_id)


def test_requests_in_quarantine_that_were_read_go_and_unread_ones_are_told(told: Runtime) -> None:
    with told.engine.begin() as connection:
        for number, body in enumerate((b"from=%2B628110000003", b"dari 08110000003 lagi", b"from=%2B628110000004")):
            kept = quarantine.keep(connection, "sms_twilio", query="", headers={}, body=body, reason=str(number))
            if number == 0:
                quarantine.mark_replayed(connection, kept)
    assert forget_yes("--address", "+628110000003")["unread"] == 1
    with told.engine.connect() as connection:
        assert sorted(connection.execute(text("select reason from quarantine")).scalars()) == ["1", "2"]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", b"sender=budi.santoso%40example.id&body-mime=x"),
        ("", b"From: Budi <Budi.Santoso@Example.id>\r\n\r\n\xff\x00"),
        ("sender=Budi.Santoso%40example.id", b""),
    ],
)
def test_a_mail_address_in_quarantine_is_found_as_forms_and_people_write_it(
    told: Runtime, query: str, body: bytes
) -> None:
    with told.engine.begin() as connection:
        kept = quarantine.keep(connection, "email_mailgun", query=query, headers={}, body=body, reason="1")
        quarantine.mark_replayed(connection, kept)
        quarantine.keep(connection, "email_mailgun", query="", headers={}, body=b"budi@example.id", reason="2")
    assert forget_yes("--address", "budi.santoso@example.id")["unread"] == 0
    with told.engine.connect() as connection:
        assert list(connection.execute(text("select reason from quarantine")).scalars()) == ["2"]
