"""What providers say they received for us, held against what we have: by day and channel, one line of proof each.

What is missing is fetched and goes the ordinary way in (``intake.receive``), under the id it would have had: when it
comes by itself a moment later, or this runs twice at once, it is one message all the same. What came in the last minutes is
left alone, because it may be on its way. A provider that lists ids only (Kannel, as we set it up) can be held against us,
but not fetched from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import text

from channels.channel import CatchesUp, Listed, Unreachable, Unreadable
from channels.email_mime import NAME as MAIL
from channels.mail_imap import ImapServer
from channels.messages import Headers, InboundRequest
from intake import logs
from intake.receive import receive_polled
from intake.runtime import Runtime
from intake.storage.messages import forgotten_id

log = logs.get("reconcile")

#: A webhook may take so long, retries of the provider included, before we call a message missed.
ON_ITS_WAY: Final = timedelta(minutes=5)
#: Days are those of western Indonesia, as in the figures.
ZONE: Final = ZoneInfo("Asia/Jakarta")
_AT_ONCE: Final = 500

Source = Callable[[datetime], Iterable[Listed]]


@dataclass(frozen=True, slots=True)
class Line:
    """One channel on one day. ``there`` = ``here`` + ``fetched`` + ``missing``."""

    day: date
    channel: str
    there: int = 0
    here: int = 0
    fetched: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """``unreachable``: channel → why its list could not be read; its lines may be there in part."""

    lines: list[Line]
    unreachable: dict[str, str]

    @property
    def is_settled(self) -> bool:
        return not self.unreachable and not any(line.missing for line in self.lines)


def sources(rt: Runtime, mailbox: ImapServer | None) -> dict[str, Source]:
    """Who can be asked what it received for us."""
    found: dict[str, Source] = {
        name: channel.received_since for name, channel in rt.channels.items() if isinstance(channel, CatchesUp)
    }
    if mailbox is not None and MAIL in rt.channels:
        found[MAIL] = lambda moment: _letters_since(rt, mailbox, moment)
    return found


def reconcile(rt: Runtime, asked: Mapping[str, Source], *, since: datetime, fetch: bool = True) -> Account:
    """Hold every source against what we have. Raises ``Unavailable`` when the database is away."""
    with rt.engine.connect() as connection:
        now: datetime = connection.execute(text("select now()")).scalar_one()
    lines: dict[tuple[date, str], Line] = {}
    unreachable = {}
    for channel, received_since in asked.items():
        try:
            for batch in _batches(received_since(since), until=now - ON_ITS_WAY):
                _hold_against(rt, channel, batch, lines, fetch=fetch)
        except Unreachable as why:
            unreachable[channel] = str(why)
    account = Account(sorted(lines.values(), key=lambda line: (line.day, line.channel)), unreachable)
    for line in account.lines:
        log.info(
            "reconciled", channel=line.channel, day=line.day.isoformat(), there=line.there, here=line.here,
            fetched=line.fetched, missing=line.missing,
        )  # fmt: skip
    return account


def _batches(listed: Iterable[Listed], *, until: datetime) -> Iterator[list[Listed]]:
    batch: list[Listed] = []
    for each in listed:
        if each.received_at <= until:
            batch.append(each)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _hold_against(
    rt: Runtime, channel: str, batch: list[Listed], lines: dict[tuple[date, str], Line], *, fetch: bool
) -> None:
    with rt.engine.connect() as connection:
        rows = connection.execute(
            text("select external_id from message where channel = :channel and external_id = any(:ids)"),
            {"channel": channel, "ids": [id_ for each in batch for id_ in _kept_as(each)]},
        )
        known = {row.external_id for row in rows}
    counts: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for each in {listed.external_id: listed for listed in batch}.values():
        count = counts[each.received_at.astimezone(ZONE).date()]
        count["there"] += 1
        if not known.isdisjoint(_kept_as(each)):
            count["here"] += 1
        elif fetch and each.message is not None:
            # Kept, or in quarantine where a person sees it: either way no longer missed.
            receive_polled(rt, channel, each.message)
            count["fetched"] += 1
        else:
            count["missing"] += 1
    for day, count in counts.items():
        line = lines.get((day, channel)) or Line(day, channel)
        lines[day, channel] = replace(
            line, **{name: getattr(line, name) + count[name] for name in ("there", "here", "fetched", "missing")}
        )


def _kept_as(listed: Listed) -> tuple[str, str]:
    """The id by which a message is kept, and the one that is left when its people were forgotten."""
    return listed.external_id, forgotten_id(listed.external_id)


def _letters_since(rt: Runtime, mailbox: ImapServer, moment: datetime) -> Iterator[Listed]:
    """Letters that lie in the mailbox. One that cannot be read lies in quarantine since it was fetched first."""
    speaker = rt.channels[MAIL]
    with mailbox.opened() as folder:
        # The server's calendar may be a day behind; a letter's own date may be anything.
        for letter in folder.letters_since((moment - timedelta(days=1)).date()):
            if letter.received_at < moment:
                continue
            try:
                message = speaker.parse(InboundRequest(f"{rt.settings.public_url}/hooks/{MAIL}", Headers(), letter.raw))
            except Unreadable:
                continue
            yield Listed(message.external_id, letter.received_at, message)
