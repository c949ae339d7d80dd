"""What may break, breaks: every report is still decided once and answered once."""

from __future__ import annotations

from collections import Counter
from functools import partial

from redis import Redis

from intake.embedded import temporary_valkey
from tests.journeys.house import House, wait_for

#: Alarms of deadlines lie days ahead.
OWED = "select count(*) from outbox where due_at < now() + interval '1 hour'"
TEXT = "jalan rusak di desa Tegal Rejo kec Lawang Kidul Muara Enim nomor {}"


def phones(count: int) -> list[str]:
    return [f"+6281100{number:05}" for number in range(1000, 1000 + count)]


def wait_until_all_is_done(house: House, count: int) -> None:
    taken = "select count(*) from reply where state in ('accepted', 'sent', 'delivered')"
    wait_for(
        lambda: house.figures(taken) == [(count,)],
        seconds=60, of=f"{count} replies",
    )  # fmt: skip
    wait_for(
        lambda: house.figures("select count(*) from outbox where due_at <= now()") == [(0,)],
        seconds=60,
        of="nothing due in the outbox",
    )


def assert_each_was_answered_once(house: House, numbers: list[str]) -> None:
    answers = Counter({phone: len(house.sms_received(phone)) for phone in numbers})
    assert answers == Counter(dict.fromkeys(numbers, 1))
    assert house.figures("select count(*) from report where state <> 'terdisposisi'") == [(0,)]
    decided = house.figures("select count(*), count(distinct report_id) from decision")
    assert decided == [(len(numbers), len(numbers))]


def test_valkey_wiped_while_work_waits(house: House, redis_url: str) -> None:
    client = Redis.from_url(redis_url)
    house.kill("worker")
    numbers = phones(10)
    for number in numbers:
        house.send_sms(number, TEXT.format(number[-4:]))
    client.flushall()
    client.close()
    house.start("worker")
    wait_until_all_is_done(house, len(numbers))
    assert_each_was_answered_once(house, numbers)


#: Moves when a message is decided, and when a reply begins to leave or is taken.
_PROGRESS = "select count(*), count(sending_at), count(settled_at) from reply"


def _all_is_done(house: House) -> bool:
    return house.figures("select count(*) from outbox where job in ('process', 'deliver')") == [(0,)]


def _is_begun(house: House, before: list[tuple[object, ...]]) -> bool:
    return house.figures(_PROGRESS) != before or _all_is_done(house)


def test_workers_killed_in_the_middle_of_their_work(house: House) -> None:
    house.kill("worker")
    numbers = phones(40)
    for number in numbers:
        house.send_sms(number, TEXT.format(number[-4:]))
    house.environ["SAHUT_BATCH"] = "4"  # what is killed shall be in the middle of something
    for _ in range(4):
        before = house.figures(_PROGRESS)
        house.start("worker")
        wait_for(partial(_is_begun, house, before), seconds=60, of="work begun")
        house.kill("worker")
    house.start("worker")
    wait_until_all_is_done(house, len(numbers))
    assert_each_was_answered_once(house, numbers)


def test_everything_restarted(house: House) -> None:
    numbers = phones(10)
    for number in numbers:
        house.send_sms(number, TEXT.format(number[-4:]))
    for name in ("worker", "relay", "web", "lab"):
        house.kill(name)
    house.start()
    wait_until_all_is_done(house, len(numbers))
    assert_each_was_answered_once(house, numbers)


def test_a_provider_that_says_503_first(house: House) -> None:
    house.kill("lab")
    house.environ["LAB_FAIL_FIRST"] = "2"
    house.start("lab")
    [number] = phones(1)
    house.send_sms(number, TEXT.format(1))
    wait_until_all_is_done(house, 1)
    assert_each_was_answered_once(house, [number])
    assert house.log("worker").count('"reply_not_taken"') >= 2


def test_valkey_dies_under_a_running_worker_and_comes_back(house: House) -> None:
    before, during, after = phones(3)
    with temporary_valkey() as valkey:
        for name in ("relay", "worker"):
            house.kill(name)
        house.environ["REDIS_URL"] = valkey.url
        house.start("relay", "worker")
        house.send_sms(before, TEXT.format(1))
        house.wait_for_sms(before)
    house.send_sms(during, TEXT.format(2))
    house.wait_for_sms(during)
    house.send_sms(after, TEXT.format(3))
    wait_until_all_is_done(house, 3)
    assert_each_was_answered_once(house, [before, during, after])
    for process in house.processes["worker"]:
        assert process.poll() is None


def test_a_valkey_that_hangs_stops_no_work(house: House) -> None:
    before, during = phones(2)
    with temporary_valkey() as valkey:
        for name in ("relay", "worker"):
            house.kill(name)
        house.environ["REDIS_URL"] = valkey.url
        house.start("relay", "worker")
        house.send_sms(before, TEXT.format(1))
        house.wait_for_sms(before)
        client = Redis.from_url(valkey.url)
        client.client_pause(60_000)
        client.close()
        house.send_sms(during, TEXT.format(2))
        house.wait_for_sms(during, seconds=90)
    assert_each_was_answered_once(house, [before, during])


def test_nonsense_in_valkey_ends_no_worker(house: House, redis_url: str) -> None:
    """RQ's loop ends without an error when a key of its own holds something else."""
    [number] = phones(1)
    client = Redis.from_url(redis_url)
    client.delete("rq:queue:sahut")
    client.set("rq:queue:sahut", "not a list")
    house.send_sms(number, TEXT.format(1))
    wait_until_all_is_done(house, 1)
    client.delete("rq:queue:sahut")
    client.close()
    assert_each_was_answered_once(house, [number])
    for process in house.processes["worker"]:
        assert process.poll() is None


def test_without_valkey_the_work_goes_on(house: House) -> None:
    for name in ("relay", "worker"):
        house.kill(name)
    house.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"
    house.start("relay", "worker")
    [number] = phones(1)
    house.send_sms(number, TEXT.format(1))
    wait_until_all_is_done(house, 1)
    assert_each_was_answered_once(house, [number])
