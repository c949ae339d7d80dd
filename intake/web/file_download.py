"""A file that came with a report, handed to whoever may have it: to be saved, never to be shown on our address.

It is sent with the type libmagic found and the sandbox of ``app``; what nobody has looked at yet, what is not on the list,
what ClamAV found infected or, where there is a ClamAV, has not called clean, is not given.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

from intake.attachments import saved_name
from intake.runtime import Runtime
from intake.storage import attachments
from intake.storage.attachments import File


def may_be_given(rt: Runtime, file: File) -> bool:
    """Whether this file may leave us at all."""
    safe = file.scan == "clean" if rt.settings.clamav else file.scan != "infected"
    return file.verdict == "allowed" and safe and file.stored is not None


def as_download(rt: Runtime, file: File) -> Response | None:
    """The file as something to save; None when it may not be given."""
    if not may_be_given(rt, file) or file.stored is None:
        return None
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
