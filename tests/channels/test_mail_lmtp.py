"""LMTP answers: for each recipient what is true, and never a reason to send a letter back for a fault of ours."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest

from channels.mail_lmtp import LmtpDoor
from tests.gateways.processes import free_port

LETTER = b"From: warga@example.id\r\n\r\nJalan rusak\r\n"


def hand_in(keep: Callable[[bytes, str, str], bool], letter: bytes = LETTER, *, most_bytes: int = 10_000) -> int:
    door = LmtpDoor(
        host="127.0.0.1", port=free_port(), keep=keep, is_ours=lambda address: address.startswith("lapor"),
        most_bytes=most_bytes,
    )  # fmt: skip
    door.start()
    try:
        with smtplib.LMTP("127.0.0.1", door.port) as session:
            session.ehlo_or_helo_if_needed()
            session.mail("")
            assert session.rcpt("bupati@sahut.test")[0] == 550
            assert session.rcpt("lapor@sahut.test")[0] == 250
            return int(session.data(letter)[0])
    finally:
        door.stop()


def test_what_is_kept_is_taken() -> None:
    kept: list[tuple[bytes, str, str]] = []

    def keep(raw: bytes, sender: str, recipient: str) -> bool:
        kept.append((raw, sender, recipient))
        return True

    assert hand_in(keep) == 250
    assert kept == [(LETTER, "<>", "lapor@sahut.test")]


def test_what_is_not_kept_is_to_be_sent_again() -> None:
    assert hand_in(lambda raw, sender, recipient: False) == 451


def test_a_fault_of_ours_sends_nothing_back(caplog: pytest.LogCaptureFixture) -> None:
    def broken(raw: bytes, sender: str, recipient: str) -> bool:
        raise RuntimeError

    assert hand_in(broken) == 451


def test_a_letter_larger_than_we_take_is_refused() -> None:
    assert hand_in(lambda raw, sender, recipient: True, LETTER + b"baris panjang\r\n" * 2000) == 552


def test_a_line_longer_than_the_rules_allow_is_taken() -> None:
    assert hand_in(lambda raw, sender, recipient: raw.count(b"x" * 5000) == 1, LETTER + b"x" * 5000 + b"\r\n") == 250


def test_no_connection_is_left_when_the_door_closes() -> None:
    """Not even one that has just been accepted, or whose caller says nothing: an open socket keeps a server waiting."""
    door = LmtpDoor(
        host="127.0.0.1", port=free_port(), keep=lambda raw, sender, recipient: True, is_ours=lambda address: True,
        most_bytes=10_000,
    )  # fmt: skip
    door.start()
    with ExitStack() as lines:
        callers = [lines.enter_context(socket.create_connection(("127.0.0.1", door.port), 10)) for _ in range(20)]
        door.stop()
        for caller in callers:
            caller.settimeout(10)
            with suppress(ConnectionResetError):
                while caller.recv(1000):
                    pass
