"""What most tests need: a real PostgreSQL, a fresh migrated database for each test, a runtime over it."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from intake.embedded import temporary_postgres
from intake.runtime import Runtime
from intake.settings import Settings
from intake.storage.database import open_engine
from intake.storage.migrate import upgrade
from tests.fakes import FakeChannel

# How long an example takes is no reason to fail: timings live in bench/.
hypothesis_settings.register_profile("house", deadline=None)
hypothesis_settings.load_profile("house")

TEMPLATE = "sahut_template"
_ROOM = 4 << 30  # bytes
_numbers = itertools.count(1)

SECRET_KEY = "k" * 40
PUBLIC_URL = "http://127.0.0.1:8080"


def folder_in_memory() -> Path | None:
    """Where files are kept in memory and there is plenty of room (a server takes less than half a gigabyte); else None.

    A database for each test is 541 files and ten megabytes to copy: a busy disk takes .4 s for it, memory .05.
    """
    folder = Path("/dev/shm")
    try:
        is_roomy = folder.is_mount() and shutil.disk_usage(folder).free > _ROOM
        return folder if is_roomy and os.access(folder, os.W_OK | os.X_OK) else None
    except OSError:
        return None


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this test run; a database in it is migrated once and copied for every test."""
    with temporary_postgres(within=folder_in_memory()) as server:
        admin = create_engine(server.url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"create database {TEMPLATE}"))
        upgrade(make_url(server.url).set(database=TEMPLATE).render_as_string(hide_password=False))
        admin.dispose()
        yield server.url


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """A fresh, migrated database."""
    name = f"test_{next(_numbers)}"
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"create database {name} template {TEMPLATE}"))
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    admin.dispose()


def settings_for(database_url: str, **more: str) -> Settings:
    return Settings.from_environ(
        {
            "DATABASE_URL": database_url,
            "PUBLIC_URL": PUBLIC_URL,
            "SAHUT_SECRET_KEYS": SECRET_KEY,
            "SAHUT_SECOND_FACTOR": "none",
            **more,
        }
    )


@pytest.fixture
def settings(database_url: str) -> Settings:
    return settings_for(database_url)


@pytest.fixture
def sms() -> FakeChannel:
    return FakeChannel("sms_twilio", "sms")


@pytest.fixture
def email() -> FakeChannel:
    return FakeChannel("email_mime", "email")


@pytest.fixture
def rt(settings: Settings, sms: FakeChannel, email: FakeChannel) -> Iterator[Runtime]:
    """A runtime over a fresh database, with channels that remember what they were told to send."""
    engine = open_engine(settings.database_url)
    web = FakeChannel("web_form", "web")
    yield Runtime(settings, engine, {"sms_twilio": sms, "email_mime": email, "web_form": web})
    engine.dispose()
