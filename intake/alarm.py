"""Danger to life: the people of the desk are told at once, by the addresses at which they hear of deadlines.

Told is who answers for reports in the regency (officers, and heads of the unit it may be for); where nobody of them can
be reached, whoever the regency named; where it named nobody, or is not known yet, the central desk. Every person hears
of a report once, however often it is decided anew. Number, place, topic and link: not a word of the report leaves, and
of a secret one neither topic nor village.

What surprises: in a flood (the word of both senses) a person gets a few, then one that says there are more, then none
for a while: a telephone that never stops is switched off.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from channels.gsm import plan
from intake import logs
from intake.domain.deadline import AlarmStep
from intake.runtime import Runtime
from intake.saying import channel_to
from intake.storage import reminders, replies, reports
from intake.storage.reminders import Hearer, Medium
from intake.storage.replies import NewReply
from intake.storage.reports import Report
from intake.understand.classify.taxonomy import taxonomy
from intake.understand.locate import regencies

log = logs.get("alarm")

KIND: Final = "alarm"
EMERGENCY: Final = "darurat"
#: So many alarms may reach a person within so long; the last of them says that more is on the desk.
MOST: Final = 6
WITHIN: Final = timedelta(minutes=15)


def sound(rt: Runtime, connection: Connection, report_id: int) -> int:
    """Promise to tell the desk that a report speaks of danger to life now; how many messages were promised.

    Nothing where it does not, and nothing to who was told of it before.
    """
    report = reports.read(connection, report_id)
    if report.urgency != EMERGENCY:
        return 0
    heard_by = _whom(rt, connection, report)
    if not heard_by:
        log.warning("alarm_heard_by_nobody", report_id=report.id)
        return 0
    words = _short(rt, connection, report)
    letter = f"{words}\n\nBegitu dibaca sistem, belum diperiksa orang. Bila benar, teruskan sekarang juga.\n"
    new = []
    for (medium, address), channel in heard_by.items():
        earlier = replies.count_lately(connection, kind=KIND, channel=channel, recipient=address, within=WITHIN)
        if earlier >= MOST:
            log.warning("alarm_withheld", report_id=report.id)
            continue
        said, subject = letter if medium == "email" else words, f"DARURAT: laporan {report.reference}"
        if earlier == MOST - 1:
            said, subject = _many(rt), "DARURAT: banyak laporan"
        new.append(
            NewReply(
                cause=f"{KIND}:{report.id}:{medium}:{address}",
                kind=KIND,
                report_id=None,
                channel=channel,
                recipient=address,
                sender="",
                text=said,
                subject=subject if medium == "email" else "",
            )
        )
    told = len(replies.promise_replies(connection, new))
    if told:
        reports.record(connection, report.id, actor="system", action="alarm_sounded")
        log.info("alarm_sounded", report_id=report.id, messages=told)
    return told


def _whom(rt: Runtime, connection: Connection, report: Report) -> dict[tuple[Medium, str], str]:
    """Who is told, each person once, with the channel that reaches them."""
    for desk in dict.fromkeys((report.regency, None)):
        reachable = [
            (hearer, channel)
            for hearer in reminders.hearers_of(connection, desk)
            if (channel := channel_to(rt, hearer.medium)) is not None
        ]
        theirs = [(hearer, channel) for hearer, channel in reachable if _answers_for(hearer, report)]
        if theirs or reachable:
            return {(hearer.medium, hearer.address): channel for hearer, channel in theirs or reachable}
    return {}


def _answers_for(hearer: Hearer, report: Report) -> bool:
    return hearer.step is not AlarmStep.TELL_LEADER and hearer.unit in {"", report.unit or ""}


def _short(rt: Runtime, connection: Connection, report: Report) -> str:
    """One SMS: what does not fit is left out, the finer place first, then the topic."""
    place = regencies()[report.regency].short if report.regency else "wilayah belum jelas"
    link = f"{rt.settings.public_url}/meja/{report.reference}"
    topic = taxonomy().topics.get(report.topic or "")
    what = [topic.name_id] if topic else []
    for parts in ([*what, *_finer(connection, report), place], [*what, place], [place]):
        said = f"SAHUT DARURAT {report.reference}: {', '.join([place] if report.secret else parts)}. {link}"
        if plan(said).segments == 1:
            break
    return said


def _finer(connection: Connection, report: Report) -> list[str]:
    decision = reports.last_decision(connection, report.id)
    names = decision.location.get("names", {}) if decision else {}
    return [names[code] for code in (report.village, report.district) if code and code in names]


def _many(rt: Runtime) -> str:
    minutes = int(WITHIN.total_seconds() // 60)
    return (
        f"SAHUT DARURAT: banyak laporan bahaya dalam {minutes} menit. Buka meja sekarang: {rt.settings.public_url}/meja"
    )
