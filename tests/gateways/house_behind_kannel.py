"""The whole house behind a real Kannel and an SMS centre, on a PostgreSQL that can be stopped and started again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from channels.gsm import plan
from intake.embedded import DataFolder, EmbeddedServer, open_folder, start_postgres, temporary_valkey
from intake.storage.migrate import upgrade
from tests.gateways.kannel import PASSWORD, USER, Kannel, running_kannel
from tests.journeys.house import House, free_port, wait_for

OUR_NUMBER = "1708"
TEXT = "jalan rusak di desa Tegal Rejo kec Lawang Kidul Muara Enim nomor {}"


@dataclass
class HouseBehindKannel:
    house: House
    kannel: Kannel
    data: DataFolder
    postgres: EmbeddedServer | None

    def stop_postgres(self) -> None:
        assert self.postgres is not None
        self.postgres.stop()
        self.postgres = None

    def start_postgres(self) -> None:
        self.postgres = start_postgres(self.data)

    def received(self) -> Counter[str]:
        """How many messages each handset got, parts of a long one counted once."""
        firsts = [each for each in self.kannel.centre.submitted if not each.udh or each.udh[-1] == 1]
        return Counter(each.recipient for each in firsts)


@contextmanager
def house_behind_kannel(folder: Path) -> Iterator[HouseBehindKannel]:
    (folder / "kannel").mkdir()
    (folder / "house").mkdir()
    port = free_port()
    with (
        temporary_valkey() as valkey,
        running_kannel(folder / "kannel", public_url=f"http://127.0.0.1:{port}") as kannel,
    ):
        data = open_folder(folder / "data")
        postgres = start_postgres(data)
        upgrade(postgres.url)
        more = {
            "SMS_KANNEL_URL": kannel.sendsms_url, "SMS_KANNEL_USER": USER, "SMS_KANNEL_PASSWORD": PASSWORD,
            "SMS_KANNEL_SECRETS": kannel.secret, "SMS_KANNEL_NUMBERS": OUR_NUMBER, "SMS_KANNEL_SMSC": "operator",
        }  # fmt: skip
        house = House(folder / "house", postgres.url, valkey.url, more, port=port)
        behind = HouseBehindKannel(house, kannel, data, postgres)
        try:
            house.start()
            yield behind
        finally:
            house.stop()
            if behind.postgres is not None:
                behind.postgres.stop()
            data.close()


def run(behind: HouseBehindKannel, *, messages: int, outage_seconds: float) -> dict[str, float]:
    """Send ``messages`` from as many handsets, the database stopped in the middle; wait until all are answered."""
    handsets = [f"62811000{number:05}" for number in range(messages)]
    started = time.monotonic()
    for number, handset in enumerate(handsets):
        if number == messages // 3:
            behind.stop_postgres()
            stopped_at = time.monotonic()
        if behind.postgres is None and time.monotonic() - stopped_at > outage_seconds:
            behind.start_postgres()
        text = TEXT.format(number)
        assert plan(text).segments == 1
        behind.kannel.centre.deliver(f"+{handset}", OUR_NUMBER, text.encode())
    if behind.postgres is None:
        time.sleep(max(0.0, outage_seconds - (time.monotonic() - stopped_at)))
        behind.start_postgres()
    given = time.monotonic() - started
    wait_for(
        lambda: behind.house.figures("select count(*) from message") == [(messages,)], seconds=120, of="all messages"
    )
    wait_for(lambda: len(behind.received()) == messages, seconds=300, of="all answers")
    wait_for(
        lambda: behind.house.figures("select count(*) from outbox where due_at <= now()") == [(0,)],
        seconds=60,
        of="nothing due in the outbox",
    )
    return {"given_seconds": given, "answered_seconds": time.monotonic() - started}
