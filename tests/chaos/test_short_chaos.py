"""A storm of a minute: two hundred SMS while everything is killed at random, in an order that a seed decides.

The checker believes nobody of the house: it compares what the gateway sent, again and again until it was told "taken",
with what the stand-in gateway was given for each phone. The database is only asked whether it counts the same.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import requests
from redis import Redis
from redis.exceptions import RedisError
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from intake.embedded import temporary_postgres, temporary_valkey
from intake.storage.migrate import upgrade
from tests.journeys.house import OUR_NUMBER, House, wait_for

SEED = 20_261_121
MESSAGES = 200
SPREAD_SECONDS = 12
TEXT = "jalan rusak di desa Tegal Rejo kec Lawang Kidul Muara Enim nomor {}"
BLOWS = ("web", "relay", "worker", "lab", "worker", "database", "valkey", "worker", "lab", "database")


@pytest.fixture
def storm_house() -> Iterator[House]:
    """On servers of its own: what happens to them here must not happen to other tests."""
    with temporary_postgres() as postgres, temporary_valkey() as valkey, tempfile.TemporaryDirectory() as folder:
        upgrade(postgres.url)
        keep_what_is_committed(postgres.url)
        house = House(Path(folder), postgres.url, valkey.url)
        try:
            house.start()
            house.start("worker")
            yield house
        finally:
            house.stop()


def keep_what_is_committed(database_url: str) -> None:
    """A server for tests forgets the last commits when it dies; one that citizens rely on must not, nor this one."""
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("alter role current_user set synchronous_commit = on")


def send_until_taken(house: House, number: int, gate: threading.Semaphore) -> None:
    """As a gateway that keeps what nobody took and sends it again, under the same id."""
    sid = f"SM{number:032x}"
    form = {
        "MessageSid": sid, "AccountSid": house.environ["SMS_TWILIO_ACCOUNT_SID"], "From": phone(number),
        "To": OUR_NUMBER, "Body": TEXT.format(number), "NumMedia": "0",
    }  # fmt: skip
    url = f"{house.url}/hooks/sms_twilio"
    signature = RequestValidator(house.environ["SMS_TWILIO_AUTH_TOKEN"]).compute_signature(url, form)
    time.sleep(number * SPREAD_SECONDS / MESSAGES)
    with gate, requests.Session() as session:
        session.trust_env = False
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with suppress(requests.RequestException):
                if session.post(url, data=form, headers={"X-Twilio-Signature": str(signature)}, timeout=15).ok:
                    return
            time.sleep(0.2)
    msg = f"nobody took message {number}"
    raise AssertionError(msg)


def phone(number: int) -> str:
    return f"+6281100{number:05}"


def strike(house: House, what: str) -> None:
    """Kill one of them with -9; what is ours is started again, as a supervisor would."""
    if what == "database":
        with psycopg.connect(house.database_url.replace("+psycopg", ""), autocommit=True) as connection:
            # One server process dies so: PostgreSQL ends all the others and recovers.
            os.kill(connection.info.backend_pid, signal.SIGKILL)
    elif what == "valkey":
        with suppress(RedisError):
            client = Redis.from_url(house.redis_url)
            client.flushall()
            client.close()
    else:
        house.kill(what)
        house.start(*([what] * (2 if what == "worker" else 1)))


def figures(house: House, statement: str) -> tuple[object, ...] | None:
    """None while the database recovers."""
    try:
        return house.figures(statement)[0]
    except Exception:  # noqa: BLE001 - whatever it says, it is asked again
        return None


@pytest.mark.timeout(300)
def test_nothing_is_lost_and_nothing_is_said_twice(storm_house: House) -> None:
    house, dice = storm_house, random.Random(SEED)
    blows = list(BLOWS)
    dice.shuffle(blows)
    gate = threading.Semaphore(4)
    with ThreadPoolExecutor(MESSAGES) as pool:
        sent = [pool.submit(send_until_taken, house, number, gate) for number in range(1, MESSAGES + 1)]
        for blow in blows:
            time.sleep(dice.uniform(0.2, 1.5))
            strike(house, blow)
        for each in sent:
            each.result()

    everyone = [phone(number) for number in range(1, MESSAGES + 1)]
    owed = "select count(*) from outbox where due_at < now() + interval '1 hour' or parked_at is not null"
    answered = "select count(*) from reply where state in ('accepted', 'sent', 'delivered')"
    wait_for(
        lambda: (figures(house, owed), figures(house, answered)) == ((0,), (MESSAGES,)) or None,
        seconds=90, of="all of it to be done",
    )  # fmt: skip

    given = Counter(sms.phone for sms in house.spool.list_sms() if sms.direction == "to_citizen")
    assert {number: given[number] for number in everyone if given[number] != 1} == {}
    assert set(given) == set(everyone)
    kept = figures(house, "select count(*), count(distinct external_id), count(distinct report_id) from message")
    assert kept == (MESSAGES, MESSAGES, MESSAGES)
    assert figures(house, "select count(*), count(distinct report_id) from decision") == (MESSAGES, MESSAGES)
    assert figures(house, "select count(*) from report where state <> 'terdisposisi'") == (0,)
    assert figures(house, "select count(*) from quarantine") == (0,)
    for name, processes in house.processes.items():
        assert [process.poll() for process in processes] == [None] * len(processes), name
