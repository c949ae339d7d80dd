"""Files of a report, for officers who may see the report: to be saved, never to be shown by a browser on our address.

Whatever a file is, it is sent as something to save, in a sandbox without scripts, with the type libmagic found. A file
that nobody has looked at yet, that is not on the list, that ClamAV found infected, or, where there is a ClamAV, that it
has not called clean, is a page that does not exist.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, abort

from intake import desk
from intake.attachments import saved_name
from intake.desk import NotYours
from intake.domain.permission import Action
from intake.domain.reference import reference_of
from intake.runtime import Runtime
from intake.storage import attachments
from intake.storage.attachments import File
from intake.web.context import runtime
from intake.web.log_in import allows, officer_here, require_officer

desk_files = Blueprint("desk_files", __name__, url_prefix="/meja/berkas")
desk_files.before_request(require_officer)


def may_be_given(rt: Runtime, file: File) -> bool:
    """Whether an officer may have this file."""
    safe = file.scan == "clean" if rt.settings.clamav else file.scan != "infected"
    return file.verdict == "allowed" and safe and file.stored is not None


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
            desk.find(connection, officer_here(), reference_of(file.report_id))
        except NotYours:
            abort(404)
    if not may_be_given(rt, file) or file.stored is None:
        abort(404)
    content = attachments.Store(rt.settings.files_url).get(file.stored)
    name = saved_name(file.name, file.real_type or "")
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    response = Response(content, content_type=file.real_type or "application/octet-stream")
    # Both forms: RFC 6266, appendix D.
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@desk_files.app_context_processor
def offer_files() -> dict[str, object]:
    """``files_of(report_id)`` in templates of the desk: (file, whether it may be given) pairs."""

    def files_of(report_id: int) -> list[tuple[File, bool]]:
        rt = runtime()
        with rt.engine.connect() as connection:
            return [(file, may_be_given(rt, file)) for file in attachments.of_report(connection, report_id)]

    return {"files_of": files_of}
