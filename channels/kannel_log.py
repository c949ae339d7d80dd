"""Kannel's own list of what it received (``access-log``), as ``docs/gateways/kannel.conf`` has it written.

What surprises (seen with Kannel 1.4.5): the id in it is the one our hook is called with; a message of several parts is one
line, with the id of the whole; UCS-2 stands there as hexadecimal digits, and everything else with a full stop for what
cannot be printed. So a text from here may be worse than the one that came by the hook. Moments are local times.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from channels import phone
from channels.channel import Listed, Unreachable
from channels.messages import InboundMessage
from channels.raw_fields import decode

_LINE: Final = re.compile(
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) Receive SMS id:(\S+)"
    rb"(?: from:(\S*) to:(\S*) flags:-?\d+:(-?\d+):\S* msg:\d+:(.*))?"
)
_UNICODE: Final = b"2"
_BINARY: Final = b"1"


def read_access_log(pattern: str, since: datetime) -> Iterator[Listed]:
    """All messages of the files this pattern names that came since then. Raises Unreachable."""
    paths = sorted(Path(found) for found in glob.glob(pattern))  # noqa: PTH207 - the whole pattern is the operator's
    if not paths:
        raise Unreachable("Kannel's access log is not there")
    for path in paths:
        try:
            with path.open("rb") as file:
                for line in file:
                    listed = _read(line.rstrip(b"\r\n"))
                    if listed is not None and listed.received_at >= since:
                        yield listed
        except OSError as fault:
            msg = f"Kannel's access log: {type(fault).__name__}"
            raise Unreachable(msg) from fault


def _read(line: bytes) -> Listed | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    written, external_id, sender, to, coding, said = found.groups()
    try:
        moment = datetime.strptime(written.decode(), "%Y-%m-%d %H:%M:%S").astimezone()
    except (ValueError, OverflowError):
        return None
    name = external_id.decode("ascii", "replace")
    if said is None:
        return Listed(name, moment, None)
    correspondent = phone.read_correspondent(sender.decode("ascii", "replace"))
    return Listed(name, moment, InboundMessage(
        external_id=name,
        sender=correspondent.address,
        recipient=phone.read_correspondent(to.decode("ascii", "replace")).address,
        text=_text(said, coding),
        sent_at=moment,
        answerable=correspondent.answerable,
        extra={"from_log": True, **({"binary": True} if coding == _BINARY else {})},
    ))  # fmt: skip


def _text(said: bytes, coding: bytes) -> str:
    if coding in {_UNICODE, _BINARY}:
        try:
            content = bytes.fromhex(said.decode("ascii", "replace"))
        except ValueError:
            content = said
        return decode(content, "utf-16-be" if coding == _UNICODE else "")
    return decode(said, "utf-8")
