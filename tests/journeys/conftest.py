"""A running house for journeys."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.embedded import temporary_valkey
from tests.journeys.house import Browser, House


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with temporary_valkey() as server:
        yield server.url


@pytest.fixture
def house(database_url: str, redis_url: str) -> Iterator[House]:
    """Everything started, with a central officer and those of Muara Enim and Kabupaten Bogor."""
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder), database_url, redis_url)
        house.add_officer("pusat", None)
        house.add_officer("muaraenim", "16.03")
        house.add_officer("bogor", "32.01")
        try:
            house.start()
            yield house
        finally:
            house.stop()


@pytest.fixture
def browser(house: House) -> Iterator[Browser]:
    someone = Browser(house.url)
    yield someone
    someone.close()
