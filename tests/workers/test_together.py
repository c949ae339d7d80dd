"""Messages decided together: what comes of them is what would come of each by itself, and nobody holds another up."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from channels.messages import InboundMessage
from intake.domain.reference import reference_of
from intake.domain.report import State
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import messages, outbox, people, regency_settings, replies, reports, threads
from intake.storage.outbox import Claim, Job
from tests.factories import CLEAR_TEXT, MUARA_ENIM, an_sms
from workers import jobs
from workers.left import Left
from workers.process import process
from workers.together import process_together

TEXTS = [
    json.loads(line)["text"]
    for line in (Path(__file__).parents[2] / "bench" / "data" / "locate_dev.jsonl").read_text().splitlines()[::6]
]
DANGER = "TOLONG rumah kami kebakaran ada orang terjebak di dalam desa Tegal Rejo Lawang Kidul Muara Enim"
ADVERT = "PROMO!! Pinjaman dana tunai cair 5 menit tanpa jaminan bunga rendah hub WA 0811 0000 999 skrg jg"


def phone(number: int) -> str:
    return f"+62811000{number:04}"


def receive_sms(rt: Runtime, text_: str, number: int) -> int:
    remembered = receive(rt, "sms_twilio", an_sms(text_, sender=phone(number))).remembered
    assert remembered is not None
    return remembered.message_id


def take(rt: Runtime, limit: int = 100) -> list[Claim]:
    with rt.engine.begin() as connection:
        return outbox.take(connection, Job.PROCESS, limit=limit, hold=timedelta(seconds=60))


def never() -> bool:
    return False


def states(rt: Runtime) -> dict[int, str]:
    with rt.engine.connect() as connection:
        return {row.id: row.state for row in connection.execute(text("select id, state from report"))}


def what_came_of(rt: Runtime, ids: list[int]) -> Iterator[object]:
    """Everything written about these reports, without what differs by nature: ids, references, moments."""
    with rt.engine.connect() as connection:
        for id_ in ids:
            report, decision = reports.read(connection, id_), reports.last_decision(connection, id_)
            assert decision is not None
            said = [
                (r.kind, r.recipient, r.sender, r.text.replace(report.reference, "REF"), r.state)
                for r in replies.of_report(connection, id_)
            ]
            promised = connection.execute(
                text("""select job, due_at > now() as later from outbox where
                        (job in ('process', 'ask_again', 'remind') and subject_id = :id)
                        or (job = 'hand_over' and subject_id in (select id from handover where report_id = :id))
                        or (job = 'deliver' and subject_id in (select id from reply where report_id = :id))
                        order by job"""),
                {"id": id_},
            ).all()
            steps = [
                (s.actor, s.action, s.from_state, s.to_state, s.reason) for s in reports.history_of(connection, id_)
            ]
            clocks = connection.execute(
                text("select sla_class, next_clock, verify_kept from deadline where report_id = :id"), {"id": id_}
            ).all()
            yield (
                replace(report, id=0, reference="", sender="", opened_at=report.opened_at, handed_over_at=None),
                report.handed_over_at is not None,
                (decision.action, decision.why, decision.location, decision.classification),
                [(kind, words, state) for kind, _, _, words, state in said],
                promised,
                steps,
                clocks,
                messages.read(connection, id_).processed_at is not None,
            )


def test_together_comes_what_comes_one_by_one(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        regency_settings.set_emergency_numbers(connection, MUARA_ENIM, "112, 0734 000000 (BPBD)")
        people.block(connection, "sms_twilio", phone(1), reason="x")
    said = [*TEXTS, DANGER, ADVERT]
    texts = [*said, *said]
    ids = [receive_sms(rt, words, number) for number, words in enumerate(texts)]
    with rt.engine.begin() as connection:  # long ago: nothing waits for a further part
        connection.execute(text("update message set received_at = now() - interval '1 minute'"))
        connection.execute(text("update report set opened_at = '2026-03-02 03:00:00+00'"))
        people.block(connection, "sms_twilio", phone(1 + len(said)), reason="x")
    claims = take(rt, 1000)
    one_by_one, together = claims[: len(said)], claims[len(said) :]
    for claim in one_by_one:
        process(rt, claim)
    assert process_together(rt, together, stop=never) == Left([], [])
    expected = list(what_came_of(rt, ids[: len(said)]))
    found = list(what_came_of(rt, ids[len(said) :]))
    for words, one, other in zip(said, expected, found, strict=True):
        assert one == other, words
    assert set(states(rt).values()) >= {State.TERDISPOSISI, State.TERTUNDA, State.DIARSIPKAN}


def test_a_sender_who_is_there_twice_has_one_report(rt: Runtime) -> None:
    first = receive_sms(rt, CLEAR_TEXT, 1)
    other = receive_sms(rt, CLEAR_TEXT, 2)
    again = receive_sms(rt, CLEAR_TEXT, 1)
    assert jobs.carry_out(rt, Job.PROCESS) == 3
    with rt.engine.connect() as connection:
        assert [messages.read(connection, id_).report_id for id_ in (first, other, again)] == [first, other, first]
    assert set(states(rt)) == {first, other}


def test_an_answer_and_a_command_are_left_to_themselves(rt: Runtime) -> None:
    asked = receive_sms(rt, "Lapor pak, lampu jalan di depan rumah saya mati sudah dua minggu, mohon diperbaiki", 1)
    mine = receive_sms(rt, CLEAR_TEXT, 2)
    jobs.carry_out(rt, Job.PROCESS)
    receive_sms(rt, "desa Tegal Rejo, Lawang Kidul, Muara Enim", 1)
    receive_sms(rt, f"BATAL {reference_of(mine)}", 2)
    fresh = receive_sms(rt, CLEAR_TEXT, 3)
    claims = take(rt)
    left = process_together(rt, claims, stop=never).alone
    assert [claim.subject_id for claim in claims if claim not in left] == [fresh]
    for claim in left:
        jobs.keep_promise(rt, claim)
    assert states(rt) == {asked: State.TERDISPOSISI, mine: State.DIARSIPKAN, fresh: State.TERDISPOSISI}


def test_what_there_was_no_time_to_think_about_is_given_back_untried(rt: Runtime) -> None:
    ids = [receive_sms(rt, CLEAR_TEXT, number) for number in range(4)]
    asked = iter([False, False])  # before the second and the third; then the turn is over
    left = process_together(rt, take(rt), stop=lambda: next(asked, True))
    assert [claim.subject_id for claim in left.not_begun] == ids[3:]
    assert not left.alone
    assert [states(rt)[id_] for id_ in ids] == [State.TERDISPOSISI] * 3 + [State.DITERIMA]


def test_a_turn_that_is_over_leaves_nothing_to_one_by_one(rt: Runtime) -> None:
    ids = [receive_sms(rt, CLEAR_TEXT, number) for number in range(4)]
    assert jobs.carry_out(rt, Job.PROCESS, turn_seconds=0) == 1
    assert list(states(rt).values()).count(State.TERDISPOSISI) == 1
    with rt.engine.connect() as connection:
        waiting = connection.execute(text("select attempts, token from outbox where job = 'process'")).all()
    assert waiting == [(0, None)] * (len(ids) - 1)


def spoil(rt: Runtime, message_id: int) -> None:
    """A part without a number, which no release of ours writes: thinking about it fails."""
    with rt.engine.begin() as connection:
        connection.execute(
            text("""update message set received_at = now() - interval '1 minute',
                           extra = '{"incomplete": true, "part_reference": "7", "part": "x"}' where id = :id"""),
            {"id": message_id},
        )


def test_a_poison_report_holds_nobody_up_and_is_parked_with_its_place(rt: Runtime) -> None:
    rt = replace(rt, settings=replace(rt.settings, max_attempts=2))
    good = [receive_sms(rt, CLEAR_TEXT, 1)]
    bad = receive_sms(rt, CLEAR_TEXT, 2)
    good.append(receive_sms(rt, CLEAR_TEXT, 3))
    spoil(rt, bad)
    jobs.carry_out(rt, Job.PROCESS)
    assert states(rt) == {**dict.fromkeys(good, State.TERDISPOSISI), bad: State.DITERIMA}
    later = [receive_sms(rt, CLEAR_TEXT, 4), receive_sms(rt, CLEAR_TEXT, 5)]
    with rt.engine.begin() as connection:
        connection.execute(text("update outbox set due_at = now() where job = 'process'"))
    left = process_together(rt, claims := take(rt), stop=never).alone
    assert [claim.subject_id for claim in left] == [bad]  # not tried together a second time
    assert len(claims) == 3
    jobs.keep_promise(rt, left[0])
    assert states(rt) == {**dict.fromkeys([*good, *later], State.TERDISPOSISI), bad: State.DITERIMA}
    with rt.engine.connect() as connection:
        [parked] = outbox.parked(connection)
    assert (parked.job, parked.subject_id, parked.attempts) == ("process", bad, 2)
    assert parked.last_error is not None
    assert "workers.understanding" in parked.last_error


def test_what_cannot_be_written_spoils_only_itself(rt: Runtime) -> None:
    ids = [receive_sms(rt, CLEAR_TEXT, number) for number in range(5)]
    with rt.engine.begin() as connection:
        connection.execute(
            text(f"""
                create function refuse() returns trigger language plpgsql as
                $$ begin if new.report_id = {ids[2]} then raise exception 'no'; end if; return new; end $$;
                create trigger refuse before insert on history for each row execute function refuse();
            """)
        )
    while jobs.carry_out(rt, Job.PROCESS):  # on a busy machine a turn may be over before the last of them
        pass
    found = states(rt)
    assert [found[id_] for id_ in ids].count(State.TERDISPOSISI) == 4
    assert found[ids[2]] == State.DITERIMA
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from decision")).scalar_one() == 4
        assert connection.execute(text("select attempts from outbox where job = 'process'")).scalar_one() == 1


def test_a_promise_that_somebody_else_holds_by_now_is_theirs(rt: Runtime) -> None:
    ids = [receive_sms(rt, CLEAR_TEXT, number) for number in range(3)]
    claims = take(rt)
    with rt.engine.begin() as connection:
        connection.execute(text("update outbox set token = gen_random_uuid() where subject_id = :id"), {"id": ids[1]})
    [left] = process_together(rt, claims, stop=never).alone
    assert left.subject_id == ids[1]
    assert states(rt)[ids[1]] == State.DITERIMA
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from reply")).scalar_one() == 2
    jobs.keep_promise(rt, left)
    assert states(rt)[ids[1]] == State.DITERIMA


def test_a_report_that_got_more_words_while_we_thought_is_read_again(rt: Runtime) -> None:
    ids = [receive_sms(rt, CLEAR_TEXT, number) for number in range(3)]
    claims = take(rt)

    def joined() -> bool:
        with rt.engine.begin() as connection:
            connection.execute(
                text("""insert into message (id, channel, external_id, report_id, sender, recipient, text, answerable)
                        select :id + 100000, channel, external_id || 'x', report_id, sender, recipient, 'kab Ngawi', true
                        from message where id = :id on conflict do nothing"""),
                {"id": ids[0]},
            )
        return False

    [left] = process_together(rt, claims, stop=joined).alone
    assert left.subject_id == ids[0]
    jobs.keep_promise(rt, left)
    assert set(states(rt).values()) == {State.TERDISPOSISI}
    with rt.engine.connect() as connection:
        assert threads.count_messages(connection, ids[0]) == 2


def test_two_workers_decide_everything_once(rt: Runtime) -> None:
    rt = replace(rt, settings=replace(rt.settings, batch=7))
    for number in range(60):
        receive(rt, "sms_twilio", InboundMessage(f"SMa{number}", phone(number), "+628110001708", CLEAR_TEXT))
        if number % 5 == 0:  # the same again, at once
            receive(rt, "sms_twilio", InboundMessage(f"SMb{number}", phone(number), "+628110001708", CLEAR_TEXT))
    workers = [
        threading.Thread(target=jobs.carry_out, args=(rt, Job.PROCESS), kwargs={"turn_seconds": 60}) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with rt.engine.begin() as connection:  # what was overtaken is looked at again
        connection.execute(text("update outbox set due_at = now() where job = 'process'"))
    jobs.carry_out(rt, Job.PROCESS, turn_seconds=60)
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from outbox where job = 'process'")).scalar_one() == 0
        assert connection.execute(text("select count(*), count(distinct sender) from report")).one() == (60, 60)
        decided = connection.execute(text("select count(*) from history where to_state = 'terdisposisi'"))
        assert decided.scalar_one() == 60
        acknowledged = connection.execute(
            text("select count(*), count(distinct report_id) from reply where kind <> 'resend'")
        )
        assert acknowledged.one() == (60, 60)


@pytest.mark.parametrize("batch", [1, 2])
def test_the_flood_limit_counts_what_is_said_together(rt: Runtime, batch: int) -> None:
    """Somebody near the limit of everybody: the words change within a batch as they would from one to the next."""
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into reply (cause, kind, channel, recipient, sender, text)
                    select 'flood:' || n, 'hand_over', 'sms_twilio', '+62811000' || n, '+628110001708', 'x'
                    from generate_series(1, 2999) as n""")
        )
    for number in range(2):
        receive_sms(rt, CLEAR_TEXT, number)
    jobs.carry_out(replace(rt, settings=replace(rt.settings, batch=batch)), Job.PROCESS)
    with rt.engine.connect() as connection:
        rows = connection.execute(text("select kind from reply where report_id is not null order by id")).scalars()
        assert sorted(rows) == ["hand_over", "queued"]
