"""A message we send to ourselves by each channel: when it comes back, the whole way outside the house works.

That a hook has been silent for an hour says nothing: perhaps nobody wrote. When the canary of that hour is missing, it is
the way that is broken. It is written and recognised by our own key, kept as a message without a report, never answered,
and its age stands in ``/metrics`` (``sahut_canary_age_seconds``) and in ``sahut doctor``.

A canary costs what an SMS costs: how often it flies is the operator's timer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from channels.channel import Channel, SendFailed
from channels.messages import InboundMessage, OutboundMessage
from intake.links import canary_token, is_canary_token
from intake.runtime import Runtime
from intake.settings import Settings

#: What ``message.automatic`` says of it.
MARK: Final = "canary"
_SHAPE: Final = re.compile(r"\bSAHUT KANARI ([0-9]{6,12}) ([a-z2-7]{20})\b")


@dataclass(frozen=True, slots=True)
class Flight:
    """One canary that was sent, or why it was not."""

    channel: str
    sent: bool
    reason: str = ""


def marked(settings: Settings, channel: str, message: InboundMessage) -> InboundMessage:
    """The message, marked when it is a canary of ours that flew by this channel."""
    found = _SHAPE.search(message.text) if "SAHUT KANARI" in message.text else None
    if found is None or not is_canary_token(settings, f"{channel}:{found[1]}", found[2]):
        return message
    return replace(message, automatic=MARK, answerable=False)


def let_fly(rt: Runtime) -> Iterator[Flight]:
    """Send one by every channel of ``SAHUT_CANARIES``. Raises nothing: what is not sent says why."""
    minute = int(rt.clock().timestamp()) // 60
    for channel, address in rt.settings.canaries.items():
        speaker = rt.channels.get(channel)
        if speaker is None:
            yield Flight(channel, sent=False, reason="not configured")
            continue
        yield _send(rt, channel, speaker, address, minute)


def _send(rt: Runtime, channel: str, speaker: Channel, address: str, minute: int) -> Flight:
    text = f"SAHUT KANARI {minute} {canary_token(rt.settings, f'{channel}:{minute}')}"
    try:
        # The id is none of a reply's: receipts for it move nothing.
        speaker.send(OutboundMessage(id=f"kanari-{minute}", to=address, sender="", text=text, subject="Sahut"))
    except SendFailed as failed:
        return Flight(channel, sent=False, reason=failed.reason)
    return Flight(channel, sent=True)
