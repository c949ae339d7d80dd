"""An operator's SMS centre for one test: SMPP 3.4 (the subset Kannel speaks), on loopback, in a thread.

It keeps what it was given, and what happens to a message is decided by the end of its number: ...999 is refused
(invalid destination), ...777 is taken but never arrives, everything else is delivered.
"""

from __future__ import annotations

import itertools
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_HEADER = struct.Struct(">IIII")
_SUBMIT, _DELIVER, _UNBIND, _ENQUIRE = 0x04, 0x05, 0x06, 0x15
_BINDS = frozenset({0x01, 0x02, 0x09})
_RESPONSE = 0x80000000
_INVALID_DESTINATION = 0x0B
_UDH_INDICATOR, _RECEIPT = 0x40, 0x04


@dataclass(frozen=True, slots=True)
class Submitted:
    """One part of a message as the centre got it."""

    sender: str
    recipient: str
    data_coding: int
    udh: bytes
    content: bytes


class SmsCentre:
    """Listens on ``port`` from the start; at most one gateway is bound at a time."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.submitted: list[Submitted] = []
        self._gateway: socket.socket | None = None
        self._answers: dict[int, threading.Event] = {}
        self._numbers = itertools.count(1)
        self._writing = threading.Lock()
        self._open = True
        self._reachable = True
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._open = False
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._hang_up()
        for thread in self._threads:
            thread.join(5)

    @property
    def bound(self) -> bool:
        return self._gateway is not None

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """No gateway can bind, and the bound one has lost its line."""
        self._reachable = False
        self._hang_up()
        try:
            yield
        finally:
            self._reachable = True

    def deliver(self, sender: str, recipient: str, content: bytes, *, data_coding: int = 0, udh: bytes = b"") -> None:
        """Hand a citizen's message (or one part of it) to the gateway and wait until it says it has it."""
        header = bytes([len(udh)]) + udh if udh else b""
        kind = _UDH_INDICATOR if udh else 0
        number = next(self._numbers)
        taken = self._answers[number] = threading.Event()
        self._write(_DELIVER, 0, number, _short_message(sender, recipient, kind, data_coding, header + content))
        assert taken.wait(10), "the gateway did not take a message"

    def _accept(self) -> None:
        while self._open:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            if not self._reachable:
                line.close()
                continue
            thread = threading.Thread(target=self._serve, args=(line,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _hang_up(self) -> None:
        line, self._gateway = self._gateway, None
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _serve(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            while (head := _read(line, _HEADER.size)) is not None:
                length, command, _, number = _HEADER.unpack(head)
                body = _read(line, length - _HEADER.size) or b""
                if command in _BINDS:
                    self._gateway = line
                    self._write(command | _RESPONSE, 0, number, b"centre\0")
                elif command in {_ENQUIRE, _UNBIND}:
                    self._write(command | _RESPONSE, 0, number, b"")
                elif command == _SUBMIT:
                    self._take(number, body)
                elif command == _DELIVER | _RESPONSE and number in self._answers:
                    self._answers.pop(number).set()
        if self._gateway is line:
            self._gateway = None

    def _take(self, number: int, body: bytes) -> None:
        message, wants_receipt = _read_submitted(body)
        self.submitted.append(message)
        if message.recipient.endswith("999"):
            self._write(_SUBMIT | _RESPONSE, _INVALID_DESTINATION, number, b"")
            return
        name = f"{len(self.submitted):08x}"
        self._write(_SUBMIT | _RESPONSE, 0, number, name.encode() + b"\0")
        if wants_receipt:
            arrived = not message.recipient.endswith("777")
            # SMPP 3.4, appendix B.
            receipt = (
                f"id:{name} sub:001 dlvrd:00{int(arrived)} submit date:2611211600 done date:2611211601 "
                f"stat:{'DELIVRD' if arrived else 'UNDELIV'} err:{'000' if arrived else '005'} text:Halo"
            )
            told = _short_message(message.recipient, message.sender, _RECEIPT, 0, receipt.encode())
            self._write(_DELIVER, 0, next(self._numbers), told)

    def _write(self, command: int, status: int, number: int, body: bytes) -> None:
        line = self._gateway
        assert line is not None, "no gateway is bound"
        with self._writing:
            line.sendall(_HEADER.pack(_HEADER.size + len(body), command, status, number) + body)


def _read(line: socket.socket, length: int) -> bytes | None:
    found = b""
    while len(found) < length:
        piece = line.recv(length - len(found))
        if not piece:
            return None
        found += piece
    return found


def _short_message(sender: str, recipient: str, kind: int, data_coding: int, content: bytes) -> bytes:
    """Mandatory fields of deliver_sm (SMPP 3.4, 4.6.1); numbers are international, names alphanumeric."""
    address = b""
    for written in (sender, recipient):
        ton = 1 if written.startswith("+") else 0 if written.isdigit() else 5
        address += bytes([ton, int(ton != 5)]) + written.lstrip("+").encode() + b"\0"
    return b"\0" + address + bytes([kind, 0, 0, 0, 0, 0, 0, data_coding, 0, len(content)]) + content


def _read_submitted(body: bytes) -> tuple[Submitted, bool]:
    """Mandatory fields of submit_sm (SMPP 3.4, 4.4.1), and whether a receipt is wanted."""
    _, _, rest = body.partition(b"\0")
    sender, _, rest = rest[2:].partition(b"\0")
    recipient, _, rest = rest[2:].partition(b"\0")
    kind, rest = rest[0], rest[3:]
    _, _, rest = rest.partition(b"\0")
    _, _, rest = rest.partition(b"\0")
    registered, data_coding, length = rest[0], rest[2], rest[4]
    content = rest[5 : 5 + length]
    udh = b""
    if kind & _UDH_INDICATOR:
        udh, content = content[1 : 1 + content[0]], content[1 + content[0] :]
    return Submitted(sender.decode(), recipient.decode(), data_coding, udh, content), bool(registered & 1)
