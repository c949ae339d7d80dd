"""From a report to the occasion of a reply, and the reply into the outbox: by the channel it came by, from the address
it was sent to, threaded where the channel threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from channels import gsm
from channels.channel import Medium
from intake import confirm, limits, logs, wording
from intake.limits import LIMITS, Voice
from intake.links import tracking_link
from intake.runtime import Runtime
from intake.storage import reminders, replies, threads
from intake.storage.messages import StoredMessage
from intake.storage.replies import NewReply
from intake.storage.reports import Report
from intake.storage.threads import Said
from intake.understand.locate import regencies
from intake.wording import Occasion, Wording

log = logs.get("saying")

#: What is said even in a flood: without it the citizen does not know the number, or cannot go on.
_MATTERS = frozenset(
    {"ask_place", "ask_which", "which_report", "reminder", "status", "opted_out", "opted_in", "resend"}
)
#: The first word on a report: in a flood it becomes "it is here, and it waits".
_FIRST_WORD = frozenset({"hand_over", "triage", "incomplete"})


def medium_of(rt: Runtime, channel: str) -> Medium:
    """The medium of a channel; "web" for one that is not configured here (any more), so that nothing is cut short."""
    speaker = rt.channels.get(channel)
    return speaker.medium if speaker else "web"


def channel_to(rt: Runtime, medium: reminders.Medium) -> str | None:
    """The first open channel by which an officer's address of this kind is reached; None without one.

    WhatsApp's name tells it from SMS.
    """
    if medium == "email":
        return next((name for name, found in sorted(rt.channels.items()) if found.medium == "email"), None)
    return next((name for name in sorted(rt.channels) if name.startswith(medium)), None)


def occasion(rt: Runtime, report: Report) -> Occasion:
    return Occasion(
        medium_of(rt, report.channel), report.reference, tracking_link(rt.settings, report.id, report.reference)
    )


def voice_for(connection: Connection, channel: str, recipient: str) -> Voice:
    """How much we may say of our own accord to this person now."""
    said = threads.said_automatically(connection, channel, recipient, most_to_all=LIMITS.per_minute_to_all)
    return limits.voice(said)


def reply_of(
    report: Report, words: Wording, *, kind: str, cause: str, answers: StoredMessage | None
) -> NewReply | None:
    """A reply to the citizen of a report, not promised yet; None when they cannot hear it."""
    if not report.answerable or not report.sender:
        return None
    return NewReply(
        cause=cause,
        kind=kind,
        report_id=report.id,
        channel=report.channel,
        recipient=report.sender,
        sender=report.recipient,
        text=words.text,
        subject=_subject(words, answers),
        in_reply_to=answers.external_id if answers else "",
        reference_ids=(*answers.reference_ids, answers.external_id) if answers else (),
        may_have_left_since=answers.may_be_answered_since if answers else None,
    )


def say(
    rt: Runtime,
    connection: Connection,
    report: Report,
    words: Wording,
    *,
    kind: str,
    cause: str,
    answers: StoredMessage | None,
) -> int | None:
    """Promise a reply to the citizen of a report. None when they cannot hear it, or were told already (``cause``).

    For what a person of ours decided to say; what we say of our own accord goes through ``say_unasked``. Who confirmed
    a number for this report is told there, too (``confirm.copy_by_sms``).
    """
    new = reply_of(report, words, kind=kind, cause=cause, answers=answers)
    if new is None:
        return None
    # Said now, whatever was said before a backup was restored: a provider that is asked by text would find the last one
    # in the same words.
    return say_all(rt, connection, [(report, replace(new, may_have_left_since=None))]).get(cause)


def say_all(rt: Runtime, connection: Connection, said: Sequence[tuple[Report, NewReply]]) -> dict[str, int]:
    """Promise replies to the citizens of these reports; the ids of those that were not promised before, by cause."""
    promised = replies.promise_replies(connection, [new for _, new in said])
    for report, new in said:
        if new.cause in promised:
            words = Wording(new.text, new.subject)
            confirm.copy_by_sms(rt, connection, report, words, kind=new.kind, cause=new.cause)
    return promised


def said_to(connection: Connection, people: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Said]:
    """How much we said of our own accord to these people (channel and address) and to everybody."""
    return threads.said_to_many(connection, people, most_to_all=LIMITS.per_minute_to_all)


def reply_unasked(
    rt: Runtime, report: Report, words: Wording, *, kind: str, cause: str, answers: StoredMessage | None, said: Said
) -> NewReply | None:
    """What is said of our own accord after what was ``said``: within the limits (``intake.limits``), or not at all.

    At the limit the person is told, once, that their message is here and waits; then we are silent.
    """
    voice = limits.voice(said)
    if kind == "emergency":
        voice = "free" if limits.may_warn(said) else "silent"
    if voice == "brief" or (voice == "busy" and kind in _FIRST_WORD):
        words, kind = wording.queued(occasion(rt, report)), "queued"
    elif voice == "silent" or (voice == "busy" and kind not in _MATTERS):
        log.warning("reply_withheld", report_id=report.id, kind=kind, voice=voice)
        return None
    return reply_of(report, words, kind=kind, cause=cause, answers=answers)


def say_unasked(
    rt: Runtime,
    connection: Connection,
    report: Report,
    words: Wording,
    *,
    kind: str,
    cause: str,
    answers: StoredMessage | None,
) -> int | None:
    """Promise what nobody of ours decided to say, within the limits. None when it is not said, or was already."""
    if not report.answerable or not report.sender:
        return None
    person = report.channel, report.sender
    said = said_to(connection, [person])[person]
    new = reply_unasked(rt, report, words, kind=kind, cause=cause, answers=answers, said=said)
    return None if new is None else say_all(rt, connection, [(report, new)]).get(cause)


def answer_sender(
    connection: Connection,
    message: StoredMessage,
    words: Wording,
    *,
    kind: str,
    report: Report | None = None,
) -> int | None:
    """Answer a message that belongs to no report (a command), once. None when they cannot hear it, or the limits are
    reached.
    """
    if not message.answerable or not message.sender:
        return None
    voice = voice_for(connection, message.channel, message.sender)
    if voice in {"brief", "silent"} or (voice == "busy" and kind not in _MATTERS):
        log.warning("reply_withheld", message_id=message.id, kind=kind, voice=voice)
        return None
    return replies.promise_reply(
        connection,
        cause=f"{kind}:{message.id}",
        kind=kind,
        report_id=None if report is None else report.id,
        channel=message.channel,
        recipient=message.sender,
        sender=message.recipient,
        text_=words.text,
        subject=words.subject,
        in_reply_to=message.external_id,
        reference_ids=[*message.reference_ids, message.external_id],
        may_have_left_since=message.may_be_answered_since,
    )


@dataclass(frozen=True, slots=True)
class Preview:
    """An officer's answer as it would leave. ``segments`` and ``encoding`` are what an SMS costs; 0 and "" elsewhere."""

    text: str
    segments: int
    encoding: str


def preview(rt: Runtime, report: Report, words: str) -> Preview:
    """How an officer's answer would reach the citizen, and in how many SMS, before it is sent: that of a copy counts."""
    office = regencies()[report.regency].short if report.regency else "Admin Pusat"
    said = wording.answered(occasion(rt, report), office=office, answer=words)
    as_sms: str | None = said.text
    if medium_of(rt, report.channel) != "sms":
        with rt.engine.connect() as connection:
            as_sms = confirm.words_of_copy(rt, connection, report, said, kind="answered")
    if as_sms is None:
        return Preview(said.text, 0, "")
    planned = gsm.plan(as_sms)
    return Preview(said.text, planned.segments, planned.encoding)


def _subject(words: Wording, answers: StoredMessage | None) -> str:
    """Mail programs thread by ids, people by subjects: keep theirs, with our reference in it."""
    if not words.subject or answers is None or not answers.subject:
        return words.subject
    theirs = answers.subject if answers.subject[:3].lower() == "re:" else f"Re: {answers.subject}"
    mark = words.subject[words.subject.rfind("[") :]
    return theirs if mark in theirs else f"{theirs} {mark}"
