"""Commands of a conversation: CEK, BATAL, BUKA, SELESAI, a rating, RAHASIA, ANONIM, BANTUAN, STOP and MULAI.

Only for the sender's own reports. A number that is somebody else's and one that does not exist get the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from intake import converse, reopening, wording, wording_desk
from intake.converse import Command, Reading
from intake.domain.reference import reference_of
from intake.domain.report import AT_REST, STEPS, State
from intake.runtime import Runtime
from intake.saying import answer_sender, medium_of, occasion, say_unasked
from intake.storage import contacts, people, reports, threads
from intake.storage.messages import StoredMessage
from intake.storage.outbox import Claim
from intake.storage.reports import Report
from intake.understand.answer import answer_number
from intake.understand.locate import regencies
from intake.understand.relate import Before
from intake.wording import STATE_WORDS, Occasion, Wording
from workers import answers
from workers.decisions import Overtaken, settle
from workers.understanding import as_said

#: Why a report was put aside when its own reporter did it.
WITHDRAWN: Final = "dicabut_pelapor"
_RATED: Final = frozenset({State.SELESAI, State.DITINDAKLANJUTI, State.DITANGGAPI_PELAPOR, State.DITERUSKAN})
#: Without a number these would change some report, perhaps the wrong one.
_MUST_BE_CLEAR: Final = frozenset({"batal", "buka", "selesai"})


def obey(rt: Runtime, claim: Claim, message: StoredMessage) -> None:
    """Do what a command asks, once, and answer it. Raises ClaimLost, StepNotAllowed."""
    reading = converse.read(as_said(message))
    if reading.kind != "command" or reading.command is None:
        with rt.engine.begin() as connection:  # a release reads otherwise than the one that received it
            settle(connection, claim, message)
        return
    if reading.command in {"stop", "mulai", "bantuan"}:
        _about_the_sender(rt, claim, message, reading)
        return
    report, words, kind = _find(rt, message, reading)
    if report is None:
        with rt.engine.begin() as connection:
            settle(connection, claim, message)
            answer_sender(connection, message, words, kind=kind)
    elif _answers_our_question(reading, report):
        answers.hear_place(rt, claim, message, report, text=str(reading.score))
    else:
        with rt.engine.begin() as connection:
            settle(connection, claim, message)
            _do(rt, connection, message, report, reading)


def _about_the_sender(rt: Runtime, claim: Claim, message: StoredMessage, reading: Reading) -> None:
    at = Occasion(medium_of(rt, message.channel), "")
    with rt.engine.begin() as connection:
        settle(connection, claim, message)
        match reading.command:
            case "stop":
                if message.sender and people.opt_out(connection, message.channel, message.sender):
                    words, kind = wording.opted_out(at), "opted_out"
                else:
                    return  # said before: another confirmation would be what they do not want
            case "mulai":
                people.opt_in(connection, message.channel, message.sender)
                words, kind = wording.opted_in(at), "opted_in"
            case _:
                words, kind = wording.help_(at), "help"
        if not reading.answered_already:
            answer_sender(connection, message, words, kind=kind)


def _answers_our_question(reading: Reading, report: Report) -> bool:
    """ "7K3-QX4M 2" is a choice while we wait for a place, and a rating otherwise."""
    return (
        reading.command == "nilai"
        and report.state is State.TERTUNDA
        and report.waiting_for == "place"
        and reading.score is not None
        and reading.score <= len(report.choices)
    )


def _find(rt: Runtime, message: StoredMessage, reading: Reading) -> tuple[Report | None, Wording, str]:
    """The report a command means; None with what to say when there is none, or no single one."""
    nowhere = Occasion(medium_of(rt, message.channel), "")
    with rt.engine.begin() as connection:
        if reading.subject_id is not None:
            report = reports.find(connection, reading.subject_id)
            mine = (
                report is not None
                and bool(message.sender)
                and (
                    (
                        report.sender == message.sender
                        and people.family_of(report.channel) == people.family_of(message.channel)
                    )
                    or contacts.is_confirmed(connection, report.id, people.family_of(message.channel), message.sender)
                )
            )
            return (report if mine else None), wording.unknown_reference(nowhere), "status"
        fitting = _fitting(threads.before(connection, message), reading.command)
        if not fitting:
            return None, wording.nothing_open(nowhere), "status"
        report = reports.read(connection, fitting[0].report_id)
        if len(fitting) > 1 and reading.command in _MUST_BE_CLEAR:
            asked = wording.name_a_report(
                occasion(rt, report), command=reading.command.upper(), other=reference_of(fitting[1].report_id)
            )
            return None, asked, "name_a_report"
        return report, wording.nothing_open(nowhere), "status"


def _fitting(before: Sequence[Before], command: Command | None) -> list[Before]:
    """The sender's reports a command without a number may mean, the likeliest first."""
    latest = sorted(before, key=lambda b: (b.last_at, b.report_id), reverse=True)
    open_ones = [b for b in latest if b.state not in AT_REST]
    if command == "buka":
        return [b for b in latest if b.state in {State.SELESAI, State.DITINDAKLANJUTI, State.DIARSIPKAN}]
    if command == "cek":
        return open_ones or latest
    return open_ones


def _do(rt: Runtime, connection: Connection, message: StoredMessage, report: Report, reading: Reading) -> None:
    at = occasion(rt, report)
    elsewhere = people.family_of(message.channel) != people.family_of(report.channel)
    if elsewhere:  # from a number that was confirmed for a report of the web
        at = replace(at, medium=medium_of(rt, message.channel))
    match reading.command:
        case "batal" | "selesai" | "buka" if message.extra.get("proven") is False:
            # Anybody can write a sender into a letter. The page behind the link does the same, and knows its reader.
            words, kind = status_of(rt, connection, report, at), "status"
        case "batal":
            done = _end(connection, report, reason=WITHDRAWN, archive=True)
            words, kind = (
                (wording.withdrawn(at), "withdrawn") if done else (status_of(rt, connection, report, at), "status")
            )
        case "selesai":
            done = _end(connection, report, reason="selesai_menurut_pelapor", archive=False)
            words, kind = (
                (wording.finished(at), "finished") if done else (status_of(rt, connection, report, at), "status")
            )
        case "buka" if reopening.is_over(connection, report, rt.clock()):
            words, kind = wording_desk.closed_for_good(at), "closed_for_good"
        case "buka":
            done = _reopen(connection, report)
            words, kind = (
                (wording.reopened(at), "reopened") if done else (status_of(rt, connection, report, at), "status")
            )
        case "rahasia" | "anonim":
            words, kind = _protect(connection, at, report, secret=reading.command == "rahasia")
        case "nilai" if report.state in _RATED and reading.score is not None:
            threads.keep_rating(connection, report.id, message.id, reading.score)
            words, kind = wording.rated(at), "rated"
        case _:
            words, kind = status_of(rt, connection, report, at), "status"
    if kind != "status":
        threads.join(connection, message, report.id)
        if elsewhere:
            answer_sender(connection, message, words, kind=kind, report=report)
            return
        say_unasked(rt, connection, report, words, kind=kind, cause=f"{kind}:{message.id}", answers=message)
    else:
        answer_sender(connection, message, words, kind=kind, report=report)


def status_of(rt: Runtime, connection: Connection, report: Report, at: Occasion | None = None) -> Wording:
    """Where a report is, for its own reporter. One that was merged stands where the other stands."""
    stands = report
    while stands.merged_into is not None:
        stands = reports.read(connection, stands.merged_into)
    place = "" if stands.regency is None else regencies()[stands.regency].short
    return wording.status(at or occasion(rt, report), state=STATE_WORDS[stands.state], place=place)


def _end(connection: Connection, report: Report, *, reason: str, archive: bool) -> bool:
    """Close a report for its reporter: into the archive or as finished, whichever its state allows."""
    wanted = (State.DIARSIPKAN, State.SELESAI) if archive else (State.SELESAI, State.DIARSIPKAN)
    to = next((state for state in wanted if state in STEPS[report.state]), None)
    if to is None:
        return False
    reports.step(
        connection, report.id, to, actor="citizen", action="withdrawn" if archive else "finished", reason=reason,
        values={"closed_at": reports.NOW, "waiting_for": None, "choices": []}, only_from=[report.state],
    )  # fmt: skip
    return True


def _reopen(connection: Connection, report: Report) -> bool:
    """Open a report again for its reporter. What an officer or the machine put aside stays so: a person restores it."""
    if report.state is State.DIARSIPKAN and threads.withdrawn_by_citizen(connection, report.id):
        to = State.MENUNGGU_VERIFIKASI
    elif report.state is State.SELESAI:
        to = State.DIBUKA_KEMBALI
    elif report.state is State.DITINDAKLANJUTI:
        to = State.DITANGGAPI_PELAPOR
    else:
        return False
    reports.step(connection, report.id, to, actor="citizen", action="reopened", only_from=[report.state])
    return True


def _protect(connection: Connection, at: Occasion, report: Report, *, secret: bool) -> tuple[Wording, str]:
    reports.amend(connection, report.id, {"secret": True} if secret else {"anonymous": True})
    reports.record(connection, report.id, actor="citizen", action="asked_secret" if secret else "asked_anonymous")
    return (wording.kept_secret(at), "kept_secret") if secret else (wording.kept_anonymous(at), "kept_anonymous")


def keep_bare_rating(rt: Runtime, claim: Claim, message: StoredMessage, to: Before) -> None:
    """A bare digit after we asked for a rating."""
    score = answer_number(message.text)
    with rt.engine.begin() as connection:
        threads.lock(connection, to.report_id)
        report = reports.read(connection, to.report_id)
        settle(connection, claim, message)
        if not threads.join(connection, message, report.id):
            raise Overtaken
        if score is None:
            return
        threads.keep_rating(connection, report.id, message.id, score)
        say_unasked(
            rt, connection, report, wording.rated(occasion(rt, report)), kind="rated", cause=f"rated:{message.id}",
            answers=message,
        )  # fmt: skip
