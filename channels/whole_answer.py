"""The body of an answer, up to a size and a time: what has no end, or comes a letter at a time, must not keep a worker."""

from __future__ import annotations

import time
from typing import Final

import urllib3

from channels.channel import SendFailed

ANSWER_SECONDS: Final = 60.0
_PIECE_BYTES: Final = 64 * 1024


def read_whole(answer: urllib3.BaseHTTPResponse, *, most_bytes: int) -> bytes:
    """Raises SendFailed, ``uncertain``, for one too long or too slow (its connection is closed), and urllib3's errors."""
    until = time.monotonic() + ANSWER_SECONDS
    content = bytearray()
    try:
        while piece := answer.read1(_PIECE_BYTES, decode_content=True):
            content += piece
            if len(content) > most_bytes or time.monotonic() > until:
                break
        else:
            answer.release_conn()
            return bytes(content)
    finally:
        answer.close()  # of what was read to its end the connection is not the answer's any more
    raise SendFailed("answer without end", uncertain=True)
