"""Files of a report, for officers who may see the report (``file_download`` says how). What may not be given is a page
that does not exist.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort

from intake import report_file
from intake.domain.permission import Action
from intake.domain.reference import reference_of
from intake.report_file import NotYours
from intake.storage import attachments
from intake.storage.attachments import File
from intake.web.context import runtime
from intake.web.file_download import as_download, may_be_given
from intake.web.log_in import allows, officer_here, require_officer

desk_files = Blueprint("desk_files", __name__, url_prefix="/meja/berkas")
desk_files.before_request(require_officer)


@desk_files.get("/<int:file_id>")
@allows(Action.READ_FILE)
def give(file_id: int) -> Response:
    """One file, to be saved."""
    rt = runtime()
    with rt.engine.connect() as connection:
        file = attachments.read(connection, file_id) if file_id < 2**63 else None
        if file is None or file.report_id is None:
            abort(404)
        try:
            report_file.find(connection, officer_here(), reference_of(file.report_id))
        except NotYours:
            abort(404)
    return as_download(rt, file) or abort(404)


@desk_files.app_context_processor
def offer_files() -> dict[str, object]:
    """``files_of(report_id)`` in templates of the desk: (file, whether it may be given) pairs."""

    def files_of(report_id: int) -> list[tuple[File, bool]]:
        rt = runtime()
        with rt.engine.connect() as connection:
            return [(file, may_be_given(rt, file)) for file in attachments.of_report(connection, report_id)]

    return {"files_of": files_of}
