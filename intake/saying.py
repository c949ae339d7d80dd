"""From a report to the occasion of a reply, and the reply into the outbox: by the channel it came by, from the address
it was sent to, threaded where the channel threads.
"""

from __future__ import annotations

from sqlalchemy import Connection

from channels.channel import Medium
from intake.links import tracking_link
from intake.runtime import Runtime
from intake.storage import replies
from intake.storage.messages import StoredMessage
from intake.storage.reports import Report
from intake.wording import Occasion, Wording


def medium_of(rt: Runtime, channel: str) -> Medium:
    """The medium of a channel; "web" for one that is not configured here (any more), so that nothing is cut short."""
    speaker = rt.channels.get(channel)
    return speaker.medium if speaker else "web"


def occasion(rt: Runtime, report: Report) -> Occasion:
    return Occasion(
        medium_of(rt, report.channel), report.reference, tracking_link(rt.settings, report.id, report.reference)
    )


def say(
    connection: Connection, report: Report, wording: Wording, *, kind: str, cause: str, answers: StoredMessage | None
) -> int | None:
    """Promise a reply to the citizen of a report. None when they cannot hear it, or were told already (``cause``)."""
    if not report.answerable or not report.sender:
        return None
    return replies.promise_reply(
        connection,
        cause=cause,
        kind=kind,
        report_id=report.id,
        channel=report.channel,
        recipient=report.sender,
        sender=report.recipient,
        text_=wording.text,
        subject=_subject(wording, answers),
        in_reply_to=answers.external_id if answers else "",
        reference_ids=[*answers.reference_ids, answers.external_id] if answers else (),
    )


def _subject(wording: Wording, answers: StoredMessage | None) -> str:
    """Mail programs thread by ids, people by subjects: keep theirs, with our reference in it."""
    if not wording.subject or answers is None or not answers.subject:
        return wording.subject
    theirs = answers.subject if answers.subject[:3].lower() == "re:" else f"Re: {answers.subject}"
    mark = wording.subject[wording.subject.rfind("[") :]
    return theirs if mark in theirs else f"{theirs} {mark}"
