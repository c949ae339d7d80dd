"""A real Postfix, and a real Dovecot behind it, for a test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.gateways.processes import free_port
from tests.mail.house import SECRET
from tests.mail.servers import Dovecot, Postfix, open_folder, running_dovecot, running_postfix


@dataclass(frozen=True)
class Post:
    """``web_port`` is where the pipe looks for the web application; nothing listens there yet."""

    postfix: Postfix
    dovecot: Dovecot
    web_port: int


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    web_port = free_port()
    with (
        open_folder() as folder,
        running_postfix(folder, secret=SECRET, web_url=f"http://127.0.0.1:{web_port}") as postfix,
        open_folder() as mailboxes,
        running_dovecot(mailboxes, lmtp_port=postfix.citizens_port, postfix_port=postfix.port) as dovecot,
    ):
        yield Post(postfix, dovecot, web_port)


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """A Dovecot whose mailboxes are empty."""
    with open_folder() as folder, running_dovecot(folder) as running:
        yield running
