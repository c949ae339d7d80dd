"""Several gateways for one number: what was refused moves, what is uncertain stays, and no citizen hears a thing twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from channels.channel import SendFailed
from channels.messages import DeliveryReport, DeliveryStatus, OutboundMessage
from intake.delivery import note
from intake.receive import receive
from intake.runtime import Runtime
from intake.settings import Settings
from intake.storage import gateways, outbox, replies
from intake.storage.database import open_engine
from intake.storage.gateways import GatewayState
from intake.storage.outbox import Job
from intake.storage.replies import Reply
from tests.conftest import settings_for
from tests.factories import OUR_NUMBER, PHONE, an_sms
from tests.fakes import AskableChannel, FakeChannel
from workers import jobs

A, B, RESERVE = "sms_kannel", "sms_kannel_b", "sms_twilio"
PEOPLE = [f"+62811000{number:05}" for number in range(40)]


@pytest.fixture
def a() -> FakeChannel:
    return FakeChannel(A, "sms", numbers=(OUR_NUMBER,))


@pytest.fixture
def b() -> FakeChannel:
    return FakeChannel(B, "sms", numbers=(OUR_NUMBER,))


@pytest.fixture
def reserve() -> FakeChannel:
    return FakeChannel(RESERVE, "sms", numbers=(OUR_NUMBER,))


@pytest.fixture
def house(database_url: str, a: FakeChannel, b: FakeChannel, reserve: FakeChannel) -> Iterator[Runtime]:
    """A and B share a number, by equal weights; Twilio is their reserve. Three failures take one out."""
    settings = with_gateways(database_url, f"{A}, {B}, {RESERVE} weight=0")
    engine = open_engine(settings.database_url)
    yield Runtime(settings, engine, {A: a, B: b, RESERVE: reserve})
    engine.dispose()


def with_gateways(database_url: str, written: str, **more: str) -> Settings:
    return settings_for(
        database_url, SAHUT_GATEWAYS=written, SAHUT_GATEWAY_FAILURES="3", SAHUT_GATEWAY_PROBES="2", **more
    )


def promise(
    rt: Runtime, *people: str, kind: str = "answered", channel: str = A, text_: str = "Sudah diperbaiki"
) -> list[int]:
    made = []
    with rt.engine.begin() as connection:
        start = connection.execute(text("select count(*) from reply")).scalar_one()
        for number, person in enumerate(people, start=start):
            made.append(
                replies.promise_reply(
                    connection, cause=f"x:{number}", kind=kind, report_id=None, channel=channel, recipient=person,
                    sender=OUR_NUMBER, text_=text_,
                )
            )  # fmt: skip
    return [each for each in made if each is not None]


def deliver(rt: Runtime) -> None:
    jobs.carry_out(rt, Job.DELIVER, turn_seconds=60)  # a turn as long as it takes: the machine may be busy


def due_again(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("update outbox set due_at = now(), held_until = null where parked_at is null"))


def nothing_comes_again(rt: Runtime) -> None:
    """However slow this machine is at this moment: what was refused is not tried a second time within the test."""
    with rt.engine.begin() as connection:
        connection.execute(text("update outbox set due_at = now() + interval '1 hour'"))


def probe_is_due(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("update gateway set probe_at = now() where down_since is not null"))
    due_again(rt)


def an_hour_passes(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("update reply set sending_at = sending_at - interval '1 hour'"))
    due_again(rt)


def reply(rt: Runtime, reply_id: int) -> Reply:
    with rt.engine.connect() as connection:
        return replies.read(connection, reply_id)


def state(rt: Runtime, name: str) -> GatewayState:
    with rt.engine.connect() as connection:
        return gateways.read_states(connection, [name])[name]


def refuses(_: OutboundMessage) -> None:
    raise SendFailed("http 503", code="503")


def hangs(_: OutboundMessage) -> None:
    raise SendFailed("no answer in time", uncertain=True)


def copies(*channels: FakeChannel) -> Counter[str]:
    return Counter(message.id for channel in channels for message in channel.sent)


def left_to(rt: Runtime) -> int:
    with rt.engine.connect() as connection:
        return int(connection.execute(text("select count(*) from outbox")).scalar_one())


def test_both_carry_their_share_from_the_same_number(
    house: Runtime, a: FakeChannel, b: FakeChannel, reserve: FakeChannel
) -> None:
    promise(house, *PEOPLE)
    deliver(house)
    assert len(a.sent) > 8
    assert len(b.sent) > 8
    assert (len(a.sent) + len(b.sent), reserve.sent) == (40, [])
    assert {message.sender for message in [*a.sent, *b.sent]} == {OUR_NUMBER}


def test_a_gateway_with_another_number_never_stands_in(database_url: str, house: Runtime, a: FakeChannel) -> None:
    stranger = FakeChannel(B, "sms", numbers=("+628110009999",))
    rt = replace(house, channels={A: a, B: stranger})
    a.fails = refuses
    promise(rt, PHONE)
    for _ in range(4):
        deliver(rt)
        due_again(rt)
    assert stranger.sent == []
    a.fails = None
    probe_is_due(rt)
    deliver(rt)
    assert len(a.sent) == 1


def test_what_is_refused_goes_by_the_other_at_once(house: Runtime, a: FakeChannel, b: FakeChannel) -> None:
    a.fails = refuses
    made = promise(house, *PEOPLE)
    deliver(house)  # nobody waits for an alarm
    assert (len(b.sent), left_to(house)) == (40, 0)
    assert set(copies(a, b).values()) == {1}
    assert {reply(house, each).gateway for each in made} == {B}
    assert {reply(house, each).sends for each in made} == {1}


def test_after_so_many_failures_it_is_left_alone(house: Runtime, a: FakeChannel, b: FakeChannel) -> None:
    asked: list[str] = []

    def counts_and_refuses(message: OutboundMessage) -> None:
        asked.append(message.id)
        raise SendFailed("http 503")

    a.fails = counts_and_refuses
    for person in PEOPLE:  # one by one: those that are on their way at the same time are not counted against it
        promise(house, person)
        deliver(house)
    assert (len(asked), len(b.sent)) == (3, 40)
    assert not state(house, A).is_up


def test_failures_far_apart_or_with_a_success_between_take_nothing_out(house: Runtime, a: FakeChannel) -> None:
    alone = replace(house, settings=replace(house.settings, gateways=house.settings.gateways[:1]))
    for round_ in range(6):
        a.fails = None if round_ % 3 == 2 else refuses
        promise(alone, PEOPLE[round_])
        deliver(alone)
        nothing_comes_again(alone)
    assert state(house, A).is_up
    a.fails = refuses
    for round_ in range(6, 9):
        with house.engine.begin() as connection:
            connection.execute(
                text("""update gateway set failed_at = (select coalesce(array_agg(at - interval '1 minute'), '{}')
                                                        from unnest(failed_at) as at)""")
            )
        promise(alone, PEOPLE[round_])
        deliver(alone)
        nothing_comes_again(alone)
    assert state(house, A).is_up


def test_the_reserve_takes_over_when_all_others_are_out_and_steps_back(
    house: Runtime, a: FakeChannel, b: FakeChannel, reserve: FakeChannel
) -> None:
    a.fails = b.fails = refuses
    promise(house, *PEOPLE)
    for _ in range(4):
        deliver(house)
        due_again(house)
    assert (len(reserve.sent), left_to(house)) == (40, 0)
    a.fails = b.fails = None
    for person in PEOPLE[:4]:
        probe_is_due(house)
        promise(house, person)
        deliver(house)
    assert state(house, A).is_up
    before = len(reserve.sent)
    promise(house, *PEOPLE)
    deliver(house)
    assert len(reserve.sent) == before


def test_one_message_at_a_time_sees_whether_it_is_back(house: Runtime, a: FakeChannel, b: FakeChannel) -> None:
    a.fails = refuses
    promise(house, *PEOPLE)
    deliver(house)
    asked: list[str] = []

    def still_sick(message: OutboundMessage) -> None:
        asked.append(message.id)
        raise SendFailed("http 503")

    a.fails = still_sick
    with house.engine.begin() as connection:
        connection.execute(text("update gateway set probe_at = now() where name = :name"), {"name": A})
    promise(house, *PEOPLE)
    deliver(house)
    assert len(asked) == 1
    assert (len(b.sent), left_to(house)) == (80, 0)
    first_wait = state(house, A).probe_in
    assert first_wait is not None
    assert timedelta(seconds=50) < first_wait <= timedelta(seconds=60)  # twice the 30 of the settings
    with house.engine.begin() as connection:
        connection.execute(text("update gateway set probe_at = now() where name = :name"), {"name": A})
    promise(house, *PEOPLE)
    deliver(house)
    second_wait = state(house, A).probe_in
    assert second_wait is not None
    assert timedelta(seconds=110) < second_wait <= timedelta(seconds=120)


def test_two_good_probes_bring_it_back_and_one_does_not(house: Runtime, a: FakeChannel) -> None:
    a.fails = refuses
    promise(house, *PEOPLE)
    deliver(house)
    a.fails = None
    probe_is_due(house)
    promise(house, PEOPLE[0])
    deliver(house)
    assert (state(house, A).is_up, state(house, A).good_probes, len(a.sent)) == (False, 1, 1)
    promise(house, PEOPLE[1])
    deliver(house)
    assert (state(house, A).is_up, len(a.sent)) == (True, 2)


def test_a_code_somebody_waits_for_is_no_probe(house: Runtime, a: FakeChannel, b: FakeChannel) -> None:
    a.fails = refuses
    promise(house, *PEOPLE)
    deliver(house)
    a.fails = hangs
    probe_is_due(house)
    (code,) = promise(house, PEOPLE[0], kind="code")
    deliver(house)
    assert (reply(house, code).state, reply(house, code).gateway) == ("accepted", B)


def test_with_none_up_they_wait_untried_and_none_is_parked(house: Runtime, a: FakeChannel, b: FakeChannel) -> None:
    only = replace(house, channels={A: a, B: b}, settings=replace(house.settings, max_attempts=4))
    a.fails = b.fails = refuses
    promise(only, *PEOPLE)
    for _ in range(20):
        deliver(only)
        due_again(only)
    with house.engine.connect() as connection:
        assert outbox.parked(connection) == []
    assert left_to(house) == 40
    a.fails = b.fails = None
    for _ in range(3):
        probe_is_due(only)
        deliver(only)
    assert (len(a.sent) + len(b.sent), left_to(house)) == (40, 0)
    assert set(copies(a, b).values()) == {1}


@pytest.mark.parametrize("uncertain", [hangs, None], ids=["time-out", "the worker died"])
def test_what_may_have_left_stays_with_its_gateway_until_its_receipt_is_overdue(
    house: Runtime, a: FakeChannel, b: FakeChannel, uncertain: Callable[[OutboundMessage], None] | None
) -> None:
    """The second copy of a reply is the trap: B does well, and must not get what A may have."""
    with house.engine.begin() as connection:
        gateways.pin(connection, A)
    (made,) = promise(house, PHONE)
    if uncertain:
        a.fails = uncertain
        deliver(house)
    else:
        with house.engine.begin() as connection:
            outbox.take(connection, Job.DELIVER, limit=1, hold=timedelta(seconds=60))
            replies.begin_sending(connection, made, gateway=A)
    with house.engine.begin() as connection:
        gateways.unpin(connection, A)
        for _ in range(3):
            gateways.note_failure(
                connection, A, probing=False, failures=3, within=timedelta(hours=1), probe_after=timedelta(hours=1)
            )
    assert not state(house, A).is_up
    for _ in range(5):
        due_again(house)
        deliver(house)
    assert (copies(a, b), reply(house, made).state, reply(house, made).gateway) == (Counter(), "sending", A)
    an_hour_passes(house)
    deliver(house)
    assert (len(b.sent), reply(house, made).gateway, reply(house, made).sends) == (1, B, 2)


def test_a_provider_that_says_it_has_it_not_keeps_it_as_long(house: Runtime, b: FakeChannel) -> None:
    askable = AskableChannel(A, "sms", numbers=(OUR_NUMBER,))
    rt = replace(house, channels={A: askable, B: b})
    with rt.engine.begin() as connection:
        gateways.pin(connection, A)
    (made,) = promise(rt, PHONE)
    askable.fails = hangs
    deliver(rt)
    with rt.engine.begin() as connection:
        gateways.unpin(connection, A)
        connection.execute(text("update reply set sending_at = now() - interval '1 minute'"))
        connection.execute(
            text("update gateway set down_since = now(), probe_at = now() + interval '1 hour' where name = :a"),
            {"a": A},
        )
    due_again(rt)
    deliver(rt)
    assert (b.sent, reply(rt, made).gateway) == ([], A)
    an_hour_passes(rt)
    deliver(rt)
    assert [message.id for message in b.sent] == [str(made)]


def test_the_late_receipt_of_the_first_gateway_is_heard_after_the_second_has_sent(
    house: Runtime, a: FakeChannel, b: FakeChannel
) -> None:
    with house.engine.begin() as connection:
        gateways.pin(connection, A)
    (made,) = promise(house, PHONE)
    a.fails = hangs
    deliver(house)
    with house.engine.begin() as connection:
        gateways.unpin(connection, A)
        gateways.pin(connection, B)
    an_hour_passes(house)
    deliver(house)
    assert len(b.sent) == 1
    note(house, A, DeliveryReport(str(made), "a-77", DeliveryStatus.DELIVERED))
    assert reply(house, made).state == "delivered"
    note(house, B, DeliveryReport(str(made), "b-1", DeliveryStatus.UNDELIVERED, "5"))
    assert reply(house, made).state == "delivered"


def test_a_receipt_by_the_gateway_that_stood_in_settles_the_reply(
    house: Runtime, a: FakeChannel, b: FakeChannel
) -> None:
    a.fails = refuses
    made, other = promise(house, *PEOPLE[:2])
    deliver(house)
    note(house, B, DeliveryReport(str(made), "", DeliveryStatus.DELIVERED))
    note(house, B, DeliveryReport("", f"ext-{B}-{other}", DeliveryStatus.SENT))  # by the gateway's own id
    assert (reply(house, made).state, reply(house, other).state) == ("delivered", "sent")
    note(
        house, A, DeliveryReport("", f"ext-{B}-{other}", DeliveryStatus.FAILED)
    )  # the same id means nothing to another
    note(house, "email_mime", DeliveryReport(str(other), "", DeliveryStatus.FAILED))
    assert reply(house, other).state == "sent"


def test_what_was_reported_undelivered_is_not_sent_by_another(house: Runtime, a: FakeChannel, b: FakeChannel) -> None:
    (made,) = promise(house, PHONE)
    deliver(house)
    gateway = str(reply(house, made).gateway)
    note(house, gateway, DeliveryReport(str(made), "", DeliveryStatus.UNDELIVERED, "30003"))
    due_again(house)
    deliver(house)
    assert (sum(copies(a, b).values()), reply(house, made).state) == (1, "undelivered")


def test_too_much_at_once_moves_nobody(house: Runtime, a: FakeChannel, b: FakeChannel) -> None:
    def busy(_: OutboundMessage) -> None:
        raise SendFailed("http 429", kind="throttled", retry_after=timedelta(seconds=20))

    a.fails = busy
    with house.engine.begin() as connection:
        gateways.pin(connection, A)
    (made,) = promise(house, PHONE)
    deliver(house)
    assert (b.sent, state(house, A).failures, reply(house, made).state) == ([], 0, "promised")


def test_a_number_that_does_not_exist_says_nothing_about_the_gateway(
    house: Runtime, a: FakeChannel, b: FakeChannel, reserve: FakeChannel
) -> None:
    def never(_: OutboundMessage) -> None:
        raise SendFailed("no such number", kind="permanent", code="21211")

    a.fails = b.fails = reserve.fails = never
    made = promise(house, *PEOPLE)
    deliver(house)
    assert {reply(house, each).state for each in made} == {"failed"}
    assert state(house, A).is_up
    assert state(house, B).is_up


def test_a_gateway_whose_line_is_away_keeps_what_it_took_and_gets_no_more(
    house: Runtime, a: FakeChannel, b: FakeChannel
) -> None:
    a.stalled = True
    promise(house, *PEOPLE)
    for _ in range(3):
        deliver(house)
    assert not state(house, A).is_up
    taken = len(a.sent)
    promise(house, *PEOPLE)
    deliver(house)
    assert len(a.sent) == taken
    assert set(copies(a, b).values()) == {1}


def test_a_pin_is_for_everybody_and_against_every_state(house: Runtime, a: FakeChannel, b: FakeChannel) -> None:
    with house.engine.begin() as connection:
        gateways.pin(connection, B)
    promise(house, *PEOPLE)
    deliver(house)
    assert (len(a.sent), len(b.sent)) == (0, 40)
    b.fails = refuses
    promise(house, PEOPLE[0])
    deliver(house)
    assert (len(a.sent), left_to(house)) == (0, 1)
    with house.engine.begin() as connection:
        assert gateways.unpin(connection, B)
    due_again(house)
    deliver(house)
    assert (len(a.sent), left_to(house)) == (1, 0)


def test_a_channel_that_is_not_named_sends_its_own_as_ever(house: Runtime, a: FakeChannel, b: FakeChannel) -> None:
    gammu = FakeChannel("sms_gammu", "sms", numbers=(OUR_NUMBER,))
    rt = replace(house, channels={**house.channels, "sms_gammu": gammu})
    promise(rt, *PEOPLE, channel="sms_gammu")
    deliver(rt)
    assert (len(gammu.sent), a.sent, b.sent) == (40, [], [])


def test_the_citizens_next_word_may_come_by_the_other_gateway(house: Runtime, a: FakeChannel, b: FakeChannel) -> None:
    first = receive(house, A, an_sms("Jalan rusak parah pak, sudah lama, tolong diperbaiki")).remembered
    jobs.carry_out(house, Job.PROCESS)
    second = receive(house, B, an_sms("desa Tegal Rejo kec Lawang Kidul kab Muara Enim")).remembered
    jobs.carry_out(house, Job.PROCESS)
    assert first is not None
    assert second is not None
    with house.engine.connect() as connection:
        reports = connection.execute(text("select id, regency from report")).all()
    assert [(row.id, row.regency) for row in reports] == [(first.message_id, "16.03")]


# --- the rate ---


def test_no_more_leave_than_the_rate_lets(house: Runtime, a: FakeChannel, b: FakeChannel) -> None:
    """The bucket does not fill within a test: 0.001 a second. What leaves is what it holds, one segment."""
    slow = replace(house, settings=with_gateways(house.settings.database_url, f"{A} rate=0.001"))
    promise(slow, *PEOPLE)
    deliver(slow)
    due_again(slow)
    deliver(slow)
    assert (len(a.sent), left_to(house)) == (1, 39)


def test_segments_are_counted_not_messages(house: Runtime, a: FakeChannel) -> None:
    limited = replace(house, settings=with_gateways(house.settings.database_url, f"{A} rate=10"))
    stop_the_bucket = text("update gateway set filled_at = clock_timestamp() + interval '1 hour'")
    promise(limited, PEOPLE[0], text_="x" * 400)  # three segments
    deliver(limited)
    with house.engine.begin() as connection:
        connection.execute(stop_the_bucket)
        room = connection.execute(text("select room from gateway where name = :a"), {"a": A}).scalar_one()
    assert 6.9 < room <= 7.0 + 1e-6
    assert len(a.sent) == 1


def test_waiting_for_room_costs_no_attempt_and_no_hold(house: Runtime, a: FakeChannel) -> None:
    slow = replace(house, settings=with_gateways(house.settings.database_url, f"{A} rate=0.001"))
    promise(slow, *PEOPLE)
    for _ in range(30):
        deliver(slow)
        due_again(slow)
    with house.engine.connect() as connection:
        rows = connection.execute(text("select attempts, token, held_until from outbox")).all()
    assert {(row.attempts, row.token, row.held_until) for row in rows} == {(0, None, None)}


def test_two_workers_share_one_bucket(house: Runtime, a: FakeChannel) -> None:
    """Counted, not timed: however both hurry, no more leave than one bucket and what ran into it meanwhile."""
    limited = replace(house, settings=with_gateways(house.settings.database_url, f"{A} rate=5"))
    promise(limited, *PEOPLE)
    with house.engine.begin() as connection:
        gateways.register(connection, [A])
        connection.execute(text("update gateway set room = 5, filled_at = clock_timestamp() where name = :a"), {"a": A})
        began = connection.execute(text("select clock_timestamp()")).scalar_one()

    def work() -> None:
        for _ in range(10):
            deliver(limited)

    hurrying = [threading.Thread(target=work) for _ in range(2)]
    for worker in hurrying:
        worker.start()
    for worker in hurrying:
        worker.join()
    with house.engine.connect() as connection:
        seconds = float(
            connection.execute(text("select extract(epoch from clock_timestamp() - :t)"), {"t": began}).scalar_one()
        )
    assert 5 <= len(a.sent) <= 5 + 5 * seconds
    assert set(copies(a).values()) == {1}


def test_the_room_goes_to_answers_first_and_to_each_regency(house: Runtime, a: FakeChannel) -> None:
    slow = replace(house, settings=with_gateways(house.settings.database_url, f"{A} rate=0.001"))
    promise(slow, *PEOPLE[:20], kind="reminder", text_="Pengingat")
    promise(slow, *PEOPLE[20:39], kind="answered", text_="Dari kabupaten lain")
    (ours,) = promise(slow, PEOPLE[39], kind="answered", text_="Jawaban")
    with slow.engine.begin() as connection:
        connection.execute(text("update outbox set lane = :lane where priority = 1"), {"lane": f"{A} 32.01"})
        connection.execute(
            text("update outbox set lane = :lane where subject_id = :id"), {"lane": f"{A} 16.03", "id": ours}
        )
    for _ in range(20):
        deliver(slow)
        due_again(slow)
        with slow.engine.begin() as connection:
            connection.execute(text("update gateway set room = 1"))
    sent = [message.text for message in a.sent]
    assert len(sent) == 20
    assert sent.index("Jawaban") < 19  # twenty draws between two lanes
    assert "Pengingat" not in sent


def test_a_reminder_takes_no_room_while_an_answer_is_due(house: Runtime, a: FakeChannel) -> None:
    """Even when another worker holds the answer: it is about to need the room."""
    limited = replace(house, settings=with_gateways(house.settings.database_url, f"{A} rate=100"))
    (reminder,) = promise(limited, PEOPLE[0], kind="reminder")
    promise(limited, PEOPLE[1], kind="answered")
    with house.engine.begin() as connection:
        connection.execute(
            text("""update outbox set token = gen_random_uuid(), held_until = now() + interval '1 hour'
                    where subject_id <> :reminder"""),
            {"reminder": reminder},
        )
    deliver(limited)
    assert a.sent == []


def test_a_full_gateway_does_not_hold_up_another_kind(house: Runtime, a: FakeChannel) -> None:
    whatsapp = FakeChannel("whatsapp_twilio", "sms", numbers=(OUR_NUMBER,))
    slow = replace(
        house,
        channels={**house.channels, "whatsapp_twilio": whatsapp},
        settings=replace(with_gateways(house.settings.database_url, f"{A} rate=0.001"), batch=5),
    )
    promise(slow, *PEOPLE)
    promise(slow, PHONE, channel="whatsapp_twilio")
    deliver(slow)
    deliver(slow)
    assert (len(a.sent), len(whatsapp.sent)) == (1, 1)


def test_a_late_no_of_a_gateway_that_had_it_before_says_nothing_about_the_one_that_has_it_now(
    house: Runtime, a: FakeChannel, b: FakeChannel
) -> None:
    with house.engine.begin() as connection:
        gateways.pin(connection, A)
    [said] = promise(house, PHONE)
    a.fails = hangs
    deliver(house)
    an_hour_passes(house)
    b.fails = refuses
    with house.engine.begin() as connection:
        gateways.unpin(connection, A)
        gateways.pin(connection, B)
    deliver(house)
    assert (reply(house, said).state, reply(house, said).gateway) == ("promised", B)
    note(
        house, A, DeliveryReport(message_id=str(said), external_id="a-1", status=DeliveryStatus.FAILED, error_code="8")
    )
    assert reply(house, said).state == "promised"
    b.fails = None
    due_again(house)
    deliver(house)
    assert (reply(house, said).state, len(b.sent)) == ("accepted", 1)
    note(house, A, DeliveryReport(message_id=str(said), external_id="a-1", status=DeliveryStatus.UNDELIVERED))
    assert reply(house, said).state == "accepted"
    note(house, B, DeliveryReport(message_id=str(said), external_id="b-1", status=DeliveryStatus.UNDELIVERED))
    assert reply(house, said).state == "undelivered"
