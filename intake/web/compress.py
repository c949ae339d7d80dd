"""Public pages and static files leave compressed: for a phone on a slow line that is the difference.

Only what holds no secret and repeats nothing a stranger chose is compressed: a compressed answer that mixes the two
tells the secret by its length (BREACH). Such pages say ``Cache-Control: no-store`` and are left as they are.
"""

from __future__ import annotations

import gzip
from typing import Final

from flask import Response, request

_KINDS: Final = frozenset({"text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml"})
_WORTH_BYTES: Final = 1000


def shrink(response: Response) -> Response:
    """Compress what may be, when the browser says that it can read it."""
    if response.mimetype not in _KINDS or response.status_code != 200 or "no-store" in response.cache_control:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") <= 0 or "Content-Encoding" in response.headers:
        return response
    response.direct_passthrough = False
    content = response.get_data()
    if len(content) >= _WORTH_BYTES:
        response.set_data(gzip.compress(content, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        tag, _ = response.get_etag()
        if tag is not None:
            response.set_etag(tag, weak=True)  # the same page in other bytes
    return response
