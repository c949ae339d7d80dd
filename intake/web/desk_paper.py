"""One report as a PDF: what its print page shows, and of its reporter what this officer may see on the screen."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, abort

from intake import report_file
from intake.domain.permission import Action
from intake.paper import Paper
from intake.report_file import NotYours, ReportFile
from intake.storage import attachments
from intake.storage.attachments import File
from intake.storage.officers import Officer
from intake.web import desk_words
from intake.web.context import in_language as _
from intake.web.context import moment_in_words, regency_called, runtime
from intake.web.conversation import joined, without_secrets
from intake.web.log_in import allows, officer_here, require_officer

desk_paper = Blueprint("desk_paper", __name__, url_prefix="/meja")
desk_paper.before_request(require_officer)


@desk_paper.get("/<reference>/laporan.pdf")
@allows(Action.PRINT_REPORT)
def give_pdf(reference: str) -> Response:
    """The report as a document to save."""
    officer, rt = officer_here(), runtime()
    try:
        with rt.engine.connect() as connection:
            file = report_file.open_file(connection, officer, reference)
            files = attachments.of_report(connection, file.report.id)
    except NotYours:
        abort(404)
    response = Response(write_down(file, files, officer, rt.clock()), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="laporan-{file.report.reference}.pdf"'
    return response


def write_down(file: ReportFile, files: list[File], officer: Officer, now: datetime) -> bytes:
    """The document. Notes of colleagues are not in it, and no link of the citizen's."""
    report = file.report

    def moment(at: datetime) -> str:
        return str(moment_in_words(at, report.regency).striptags())

    foot = f"{report.reference} · {_('Dicetak')} {moment(now)} · {officer.name}"
    paper = Paper(title=f"{_('Laporan')} {report.reference}", made_at=now, foot=foot)
    paper.heading(f"{_('Laporan')} {report.reference}")
    paper.facts((name, value) for name, value in _facts(file, moment(report.opened_at)) if value)
    paper.section(_("Percakapan"))
    for part in joined(file.conversation, file.replies):
        paper.small(f"{_('Kami') if part.ours else _('Pelapor')} · {moment(part.at)}")
        paper.paragraph(without_secrets(part.text) if part.ours else part.text)
    if files:
        paper.section(_("Lampiran"))
        for each in files:
            paper.paragraph(each.name)
    paper.section(_("Riwayat"))
    lines = [
        (
            moment(step.at),
            ": ".join(part for part in (desk_words.action(step.action), desk_words.reason(step.reason)) if part),
            step.officer or desk_words.actor(step.actor),
        )
        for step in file.history
    ]
    paper.table([_("Waktu"), _("Langkah"), _("Oleh")], lines, widths=(3, 5, 2))
    return paper.as_pdf()


def _facts(file: ReportFile, opened: str) -> list[tuple[str, str]]:
    report = file.report
    reporter = file.reporter
    known = [part for part in (reporter.name, reporter.address, reporter.contact) if part]
    who = _("anonim: tidak ditampilkan") if reporter.anonymous else " · ".join(known) or _("tidak menyebut nama")
    return [
        (_("Keadaan"), desk_words.state(report.state)),
        (_("Wilayah"), regency_called(report.regency) or _("belum jelas")),
        (_("Jenis"), desk_words.kind(report.type)),
        (_("Topik"), desk_words.topic(report.topic)),
        (_("Unit"), report.unit or ""),
        (_("Urgensi"), desk_words.urgency(report.urgency) if report.urgency else ""),
        (_("Saluran"), desk_words.channel(report.channel)),
        (_("Masuk pada"), opened),
        (_("Pelapor"), who),
    ]
