"""The files of one message looked at and put into the store; those that lie at the provider are fetched first.

Looking, drawing and storing happen with no transaction open. Running twice does no harm: the same file gets the same
name in the store, and a row is settled once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from channels.channel import FetchesMedia, MediaRefused, Unreachable
from intake import attachments, logs
from intake.attachments import ScannerAway
from intake.runtime import Runtime
from intake.storage import attachments as files
from intake.storage import outbox
from intake.storage.outbox import Claim

log = logs.get("inspect")

_SCANNER_AGAIN: Final = timedelta(seconds=30)
_FETCHING_TAKES_AT_MOST: Final = timedelta(minutes=3)


def inspect(rt: Runtime, claim: Claim) -> None:
    """Keep the promise to look at the files of a message (``claim.subject_id``). Raises ClaimLost."""
    with rt.engine.begin() as connection:
        outbox.hold_longer(connection, claim, rt.settings.hold)
        waiting = files.waiting_of(connection, claim.subject_id)
    store = files.Store(rt.settings.files_url)
    for file in waiting:
        try:
            content = file.content if file.content is not None else _fetch(rt, claim, file)
        except Unreachable as why:
            log.warning("media_unreachable", attachment_id=file.id, channel=file.channel)
            with rt.engine.begin() as connection:
                outbox.postpone(connection, claim, error=f"media: {why}", max_attempts=rt.settings.max_attempts)
            return
        except MediaRefused as why:
            log.warning("media_left_there", attachment_id=file.id, channel=file.channel, reason=str(why))
            with rt.engine.begin() as connection:
                files.leave_there(connection, file.id)
            continue
        seen = attachments.inspect(content)
        try:
            scan = attachments.scan(content, rt.settings.clamav)
        except ScannerAway as why:
            log.warning("scanner_away", attachment_id=file.id)
            with rt.engine.begin() as connection:
                outbox.postpone(
                    connection, claim, wait=_SCANNER_AGAIN, error=f"scanner away: {why}",
                    max_attempts=rt.settings.max_attempts,
                )  # fmt: skip
            return
        with rt.engine.begin() as connection:
            wanted = files.will_store(connection, file.id, seen.stored)
        if not wanted:
            continue
        store.put(seen.stored, seen.content)
        with rt.engine.begin() as connection:
            settled = files.settle(
                connection, file.id, real_type=seen.real_type, verdict=seen.verdict, scan=scan, stored=seen.stored,
                size=len(seen.content),
            )  # fmt: skip
        if not settled:
            with rt.engine.begin() as connection:
                files.remove_unneeded(connection, store, seen.stored)
            continue
        log.info("file_inspected", attachment_id=file.id, verdict=seen.verdict, scan=scan)
    with rt.engine.begin() as connection:
        outbox.fulfil(connection, claim)


def _fetch(rt: Runtime, claim: Claim, file: files.File) -> bytes:
    """A file that a message names by an address. Raises MediaRefused, Unreachable, ClaimLost."""
    with rt.engine.begin() as connection:
        outbox.hold_longer(connection, claim, max(rt.settings.hold, _FETCHING_TAKES_AT_MOST))
    speaker = rt.channels.get(file.channel)
    if speaker is None:
        raise Unreachable("the channel is not configured")
    if not isinstance(speaker, FetchesMedia) or not file.url:
        raise MediaRefused("this channel fetches nothing")
    return speaker.fetch_media(file.url)
