"""What a citizen sees of their own report, behind its secret link; and what they can add there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from channels.messages import InboundMessage
from intake import links
from intake.domain.reference import report_id_of
from intake.receive import Received, receive
from intake.runtime import Runtime
from intake.storage import messages, replies, reports
from intake.storage.messages import StoredMessage
from intake.storage.replies import Reply
from intake.storage.reports import Report, Step


class NotOpened(Exception):
    """The secret is missing or wrong. Says nothing about whether there is such a report."""


@dataclass(frozen=True, slots=True)
class TrackedReport:
    report: Report
    conversation: list[StoredMessage]
    replies: list[Reply]
    history: list[Step]


def open_report(rt: Runtime, reference: str, token: str) -> TrackedReport:
    """A report and all that was said, for who knows its secret. Raises NotOpened."""
    report_id = report_id_of(reference)
    if report_id is None or not links.opens(rt.settings, report_id, token):
        raise NotOpened
    with rt.engine.connect() as connection:
        report = reports.find(connection, report_id)
        if report is None:
            raise NotOpened
        return TrackedReport(
            report,
            messages.of_report(connection, report_id),
            replies.of_report(connection, report_id),
            reports.history_of(connection, report_id),
        )


def add_words(rt: Runtime, tracked: TrackedReport, message: InboundMessage) -> Received:
    """More words from the page of a report: they join it, as if they had come by its own channel."""
    report = tracked.report
    joining = replace(message, sender=report.sender, recipient=report.recipient, reply_token=str(report.id))
    return receive(rt, report.channel, joining)
