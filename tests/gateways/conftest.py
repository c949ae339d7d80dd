"""One real gateway of each kind for a module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels.sms_kannel import open_channel as open_kannel
from tests.gateways.gammu import Gammu, running_gammu
from tests.gateways.kannel import PASSWORD, USER, Kannel, running_kannel


@pytest.fixture(scope="module")
def kannel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kannel]:
    """A running Kannel whose door is our own channel; everything leaves by the SMS centre ``operator``."""
    with running_kannel(tmp_path_factory.mktemp("kannel")) as running:
        running.door.channel = open_kannel(
            {
                "SMS_KANNEL_URL": running.sendsms_url,
                "SMS_KANNEL_USER": USER,
                "SMS_KANNEL_PASSWORD": PASSWORD,
                "SMS_KANNEL_SECRETS": running.secret,
                "SMS_KANNEL_NUMBERS": "1708",
                "SMS_KANNEL_SMSC": "operator",
            },
            public_url=running.door.url,
        )
        yield running


@pytest.fixture
def gammu(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Gammu]:
    """A running gammu-smsd with a dummy phone and an empty database."""
    with running_gammu(tmp_path_factory.mktemp("gammu"), postgres_url) as running:
        yield running
