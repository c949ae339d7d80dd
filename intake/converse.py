"""What a message wants from a conversation: to report, to ask where a report is, to answer us.

Decided from its form alone, before anything is understood: cheap enough for the request that receives it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from channels.messages import InboundMessage
from intake.domain.reference import references_in, report_id_of


@dataclass(frozen=True, slots=True)
class Reading:
    """``command`` messages open no report; ``mentioned`` are the ids of references typed in the text."""

    kind: Literal["report", "command", "automatic"]
    command: str | None = None
    subject_id: int | None = None
    mentioned: tuple[int, ...] = ()


# A command is the whole message: "CEK 7K3-QX4M" is one, "cek kondisi jalan di desa kami" is a report.
_CHECK: Final = re.compile(
    r"\s*(?:cek|status)\b[\s:.#-]*(?P<reference>[0-9a-z](?:[\s.-]?[0-9a-z]){6})\s*[.!?]*\s*", re.IGNORECASE
)


def read(message: InboundMessage) -> Reading:
    """Read the form of a message. Never raises; what is not clearly something else is a report."""
    if message.automatic:
        return Reading("automatic")
    asked = _CHECK.fullmatch(message.text)
    if asked:
        subject_id = report_id_of(asked["reference"])
        if subject_id is not None:
            return Reading("command", "cek", subject_id)
    mentioned = tuple(dict.fromkeys(references_in(f"{message.subject}\n{message.text[:2000]}")))
    return Reading("report", mentioned=mentioned[:10])
