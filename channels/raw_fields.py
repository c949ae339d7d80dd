"""Form fields as bytes, for gateways that write them in a character set of their own.

What surprises: nothing is decoded here. A gateway says in one field which character set another is in, so names and
values stay bytes until that is known; ``urllib`` and every framework would have guessed UTF-8 and replaced the rest.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

MOST_FIELDS = 1000


def read_raw_fields(encoded: str | bytes) -> dict[str, bytes]:
    """Name to value of ``application/x-www-form-urlencoded``; of repeated names the first counts. Never raises.

    Text is taken as latin-1, which is how a raw query string travels in a ``str``.
    """
    if isinstance(encoded, bytes):
        encoded = encoded.decode("latin-1")
    fields: dict[str, bytes] = {}
    for pair in encoded.split("&", MOST_FIELDS)[:MOST_FIELDS]:
        name, _, value = pair.partition("=")
        if pair:
            fields.setdefault(_unescape(name).decode("utf-8", "replace"), _unescape(value))
    return fields


def _unescape(written: str) -> bytes:
    return unquote_to_bytes(written.replace("+", " ").encode("latin-1", "replace"))


def read_raw_query(url: str) -> dict[str, bytes]:
    """The fields of an address's query string."""
    return read_raw_fields(url.partition("#")[0].partition("?")[2])


def decode(content: bytes, charset: str) -> str:
    """Text of these bytes: in the named character set, else UTF-8, else with its unreadable bytes marked. No NUL.

    Half a surrogate pair at the end or anywhere else becomes a replacement mark, never an error.
    """
    # Bytes of a wide character set may look like UTF-8 by chance.
    is_wide = charset.lower().startswith(("utf-16", "utf-32", "ucs"))
    for name in (charset,) if is_wide else (charset, "utf-8"):
        try:
            return content.decode(name).replace("\x00", "")
        except (LookupError, UnicodeError):
            continue
    try:
        text = content.decode(charset, "replace")
    except (LookupError, UnicodeError):
        text = content.decode("latin-1")
    return text.replace("\x00", "")
