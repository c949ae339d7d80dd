"""Who reports: hidden from everybody at the desk, until somebody whose role allows it says why they look.

Pages, print-outs, exports and what goes to regencies get reports from which the identity was taken out here, so that no
template can show it by mistake. Of an anonymous reporter the texts are hidden too where they tell the name, the number
or the address; that is done by what we know of the person, and by how numbers and names are written, and cannot be
perfect: somebody who tells a story only they can tell is known by it.

Every look is a line in the audit, with the reason. An anonymous reporter is shown to nobody of the regency it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection

from intake.domain.permission import Action
from intake.storage import attachments, audit, contacts, messages
from intake.storage.messages import StoredMessage
from intake.storage.officers import Officer
from intake.storage.replies import Reply
from intake.storage.reports import Report

#: Stands where something was taken out.
HIDDEN: Final = "•••"
_SHOWN_DIGITS: Final = 3
_SHORTEST_NAME: Final = 3
LONGEST_REASON: Final = 500
SHORTEST_REASON: Final = 5
#: What a channel tells of a message that tells who wrote it.
_TELLS_WHO: Final = frozenset({"name", "sender_name", "contact", "contact_kind", "full_text"})

_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_NUMBER: Final = re.compile(r"(?<!\w)\+?\d(?:[\s.-]?\d){7,}(?!\w)")
_NAMED: Final = re.compile(
    r"\b((?:nama(?: saya| sy)?|saya|sy|dari|ttd|hormat saya|wassalam)\s*[:,]?\s+)"
    r"((?:[A-Z][a-z]+)(?:\s+[A-Z][a-z]*\.?){0,3})"
)


class NoReason(Exception):
    """Nobody looks without saying why."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """What may be seen of who reports; empty fields are not shown. ``others``: further addresses that were confirmed;
    ``files``: what an anonymous one called their files, which nobody else is told.
    """

    anonymous: bool
    name: str = ""
    address: str = ""
    contact: str = ""
    others: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def _reporter(report: Report, said: Iterable[StoredMessage], others: Iterable[str] = ()) -> Reporter:
    """Who it is, in full."""
    opening: Mapping[str, Any] = next((message.extra for message in said), {})
    return Reporter(
        anonymous=report.anonymous,
        name=str(opening.get("name") or opening.get("sender_name") or ""),
        address="" if report.sender.startswith("web:") else report.sender,
        contact=str(opening.get("contact") or ""),
        others=tuple(others),
    )


def masked(reporter: Reporter) -> Reporter:
    """What everybody may see: of an anonymous reporter nothing, of others that there is a name, and how addresses end."""
    if reporter.anonymous:
        return Reporter(anonymous=True)
    return Reporter(
        anonymous=False,
        name=HIDDEN if reporter.name else "",
        address=mask(reporter.address),
        contact=mask(reporter.contact),
    )


def mask(address: str) -> str:
    """All but the last three characters hidden; of a short one everything."""
    if len(address) <= _SHOWN_DIGITS * 2:
        return "•" * len(address)
    return "•" * (len(address) - _SHOWN_DIGITS) + address[-_SHOWN_DIGITS:]


def hide(text: str, reporter: Reporter) -> str:
    """A text of an anonymous reporter without their name, numbers and addresses."""
    text = _EMAIL.sub(HIDDEN, text)
    for known in _patterns(reporter):
        text = known.sub(HIDDEN, text)
    text = _NUMBER.sub(HIDDEN, text)
    return _NAMED.sub(rf"\g<1>{HIDDEN}", text)


def _patterns(reporter: Reporter) -> list[re.Pattern[str]]:
    """How what we know of a person may be written in their text."""
    found = []
    for address in (reporter.address, reporter.contact, *reporter.others):
        digits = re.sub(r"\D", "", address)
        if address and "@" in address:
            found.append(re.compile(re.escape(address), re.IGNORECASE))
        elif len(digits) > _SHORTEST_NAME * 2:
            local = re.sub(r"^(?:62|0)", "", digits)
            found.append(re.compile(r"(?<!\d)(?:\+?62|0)?[\s.-]*" + r"[\s.-]*".join(local) + r"(?!\d)"))
    parts = [part for part in re.findall(r"[^\W\d_]+", reporter.name) if len(part) >= _SHORTEST_NAME]
    if parts:
        found.append(re.compile(rf"\b(?:{'|'.join(map(re.escape, parts))})\b", re.IGNORECASE))
    return found


def describe(connection: Connection, report: Report, said: list[StoredMessage]) -> Reporter:
    """Who it is, in full: for hiding and for a look that was written down, for nothing else."""
    others = [each.address for each in contacts.of_report(connection, report.id)]
    return _reporter(report, said, others)


def for_others(connection: Connection, report: Report, message_id: int | None = None) -> tuple[str, str]:
    """Subject and text of a message as they go to a regency's own system or mailbox; by default of the first one."""
    said = messages.read(connection, message_id or report.id)
    if not report.anonymous:
        return said.subject, said.text
    reporter = describe(connection, report, [messages.read(connection, report.id)])
    return hide(said.subject, reporter), hide(said.text, reporter)


def hide_beginning(text: str, *, anonymous: bool, sender: str, extra: Mapping[str, Any]) -> str:
    """How a report begins, for lists."""
    if not anonymous:
        return text
    name = str(extra.get("name") or extra.get("sender_name") or "")
    return hide(text, Reporter(True, name, sender, str(extra.get("contact") or "")))


#: For searches, over a report ``r``: an anonymous one is not found by words that tell who it is, whether they are right
#: or not, nor by long numbers or addresses; else a search would answer who somebody is. Takes ``:words``.
NOT_FOUND_BY_WHO_IT_IS: Final = r"""(not r.anonymous or (:words !~ '\d([\s.-]?\d){4,}' and :words !~ '@' and not exists (
    select 1 from message w where w.id = r.id and tsvector_to_array(to_tsvector('simple', :words)) &&
        tsvector_to_array(to_tsvector('simple', concat_ws(' ', w.extra->>'name', w.extra->>'sender_name',
                                                          w.extra->>'contact', r.sender))))))"""


def without_identity(
    report: Report, said: list[StoredMessage], ours: list[Reply], reporter: Reporter
) -> tuple[Report, list[StoredMessage], list[Reply]]:
    """The same, from which nobody learns who it is. That there is an address to answer to is still seen."""

    def safe(text: str) -> str:
        return hide(text, reporter) if report.anonymous else text

    there = HIDDEN if report.sender else ""
    return (
        replace(report, sender=there),
        [
            replace(
                each, sender=there, subject=safe(each.subject), text=safe(each.text), external_id="", reference_ids=[],
                extra={name: value for name, value in each.extra.items() if name not in _TELLS_WHO},
            )
            for each in said
        ],
        [
            replace(
                each, recipient=there, text=safe(each.text), subject=safe(each.subject), external_id=None,
                in_reply_to="", reference_ids=[],
            )
            for each in ours
        ],
    )  # fmt: skip


def may_look(officer: Officer, report: Report) -> bool:
    """Whether this officer may be shown who reports, once they have said why."""
    return officer.may(Action.REVEAL_ANONYMOUS if report.anonymous else Action.LOOK_AT_IDENTITY)


def look(connection: Connection, officer: Officer, report: Report, *, reason: str) -> Reporter:
    """Who reports, in full; written to the audit in this transaction. The report is one the officer sees.

    Raises NoReason, PermissionError.
    """
    if not may_look(officer, report):
        raise PermissionError
    why = " ".join(reason.replace("\0", "").split())[:LONGEST_REASON]
    if len(why) < SHORTEST_REASON:
        raise NoReason
    audit.write(
        connection, "anonymous_revealed" if report.anonymous else "identity_seen", officer_id=officer.id,
        report_id=report.id, regency=report.regency, reason=why,
    )  # fmt: skip
    reporter = describe(connection, report, messages.of_report(connection, report.id))
    files = attachments.names_of(connection, report.id) if report.anonymous else []
    return replace(reporter, files=tuple(files))
