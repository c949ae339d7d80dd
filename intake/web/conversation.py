"""What a citizen and we said to each other, in one line of time, for the pages that show it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intake.storage.messages import StoredMessage
from intake.storage.replies import Reply

#: The secret of a report within a link of ours: an officer reads our letters, and must not get into the citizen's page.
_SECRET: Final = re.compile(r"([?&]k=)[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said. ``state`` is how far our own words got (empty for the citizen's)."""

    ours: bool
    text: str
    subject: str
    at: datetime
    state: str = ""
    error_code: str = ""


def joined(messages: Iterable[StoredMessage], replies: Iterable[Reply]) -> list[Said]:
    """Both sides, oldest first."""
    theirs = [Said(False, message.text, message.subject, message.received_at) for message in messages]
    ours = [
        Said(True, reply.text, reply.subject, reply.created_at, reply.state, reply.error_code or "")
        for reply in replies
    ]
    return sorted([*theirs, *ours], key=lambda said: said.at)


def without_secrets(text: str) -> str:
    """The text with the secret of every link taken out."""
    return _SECRET.sub(r"\1…", text)
