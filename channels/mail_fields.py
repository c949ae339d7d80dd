"""Form fields as bytes, from either way of writing a form: a raw letter in one of them is in no character set at all."""

from __future__ import annotations

import re
from typing import Final

from channels.messages import InboundRequest
from channels.raw_fields import read_raw_fields

_BOUNDARY = re.compile(r"boundary=(?:\"([^\"]{1,200})\"|([^;\s]{1,200}))", re.IGNORECASE)
_NAME = re.compile(rb"\bname=(?:\"([^\"\r\n]{0,200})\"|([^;\s\"]{1,200}))", re.IGNORECASE)
_MOST_PARTS: Final = 500


def read_fields(request: InboundRequest) -> dict[str, bytes]:
    """Name to value; of repeated names the first counts. Never raises: what is no form has no fields."""
    kind = request.headers.get("Content-Type", "")
    if not kind.lower().startswith("multipart/form-data"):
        return read_raw_fields(request.body)
    found = _BOUNDARY.search(kind)
    if found is None:
        return {}
    edge = b"--" + (found[1] or found[2]).encode("latin-1", "replace")
    fields: dict[str, bytes] = {}
    for part in (b"\r\n" + request.body).split(b"\r\n" + edge, _MOST_PARTS)[1:]:
        if part.startswith(b"--"):
            break
        head, blank, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if blank and name is not None:
            fields.setdefault((name[1] or name[2] or b"").decode("utf-8", "replace"), value)
    return fields
