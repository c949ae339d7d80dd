"""Files that came with messages: looked at, made harmless where that can be done, and put into the store.

They were kept with their message already, in the same transaction; what happens here is made up for later when it fails
(job ``inspect``).

What surprises:

* The name and the label of a file are what its sender says. What it is, libmagic says; what is not on the list below is
  kept and never given out.
* Pictures are written again from their pixels: cameras hide in them where somebody lives, and others hide worse. The
  place was read before, as a hint for the report (``channels.mail_pictures``); the picture as it came is not kept.
* Where a ClamAV is named, a file is given out only after it has said "clean". One that is away is asked again later.
"""

from __future__ import annotations

import hashlib
import io
import socket
import struct
import warnings
from contextlib import closing
from dataclasses import dataclass
from typing import Final, Literal

Verdict = Literal["allowed", "refused", "damaged"]
Scan = Literal["unscanned", "clean", "infected"]

_PICTURES: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}
#: What officers may be given, and what it is called when they save it.
ALLOWED: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/x-m4a": ".m4a",
    "audio/amr": ".amr",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "message/rfc822": ".eml",
}
_MOST_PIXELS: Final = 60_000_000
_MOST_FRAMES: Final = 200
_JPEG_QUALITY: Final = 88
_SCAN_SECONDS: Final = 60.0
_SCAN_CHUNK: Final = 64 * 1024
# The first bytes of what is allowed, for machines without libmagic: fewer kinds, never a wrong one.
_BEGINNINGS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
)


class ScannerAway(Exception):
    """The ClamAV that was named does not answer, or not to the point."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """``content`` is what goes into the store; ``name`` there is its SHA-256 in hex."""

    real_type: str
    verdict: Verdict
    content: bytes

    @property
    def stored(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def inspect(content: bytes) -> Inspected:
    """What a file is, whether it may be given out, and its harmless form. Never raises."""
    real_type = type_of(content)
    if real_type in _PICTURES:
        again = draw_again(content, _PICTURES[real_type])
        return Inspected(real_type, "damaged", content) if again is None else Inspected(real_type, "allowed", again)
    return Inspected(real_type, "allowed" if real_type in ALLOWED else "refused", content)


def type_of(content: bytes) -> str:
    """The media type of these bytes, whatever they are called."""
    try:
        import magic
    except ImportError:  # no libmagic on this machine
        return next((kind for start, kind in _BEGINNINGS if content.startswith(start)), "application/octet-stream")
    try:
        return str(magic.from_buffer(content[:2_000_000], mime=True))
    except magic.MagicException:
        return "application/octet-stream"


def draw_again(content: bytes, kind: str) -> bytes | None:
    """The same picture from its pixels alone, upright; None when it is damaged or absurdly large. Never raises."""
    from PIL import Image, ImageOps, ImageSequence

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=(kind,)) as picture:
                if picture.width * picture.height > _MOST_PIXELS:
                    return None
                frames = []
                for number, frame in enumerate(ImageSequence.Iterator(picture)):
                    if number >= (_MOST_FRAMES if kind == "GIF" else 1):
                        break
                    upright = ImageOps.exif_transpose(frame)
                    pixels = Image.new(upright.mode, upright.size)
                    if upright.mode == "P" and (palette := upright.getpalette()) is not None:
                        pixels.putpalette(palette)
                    pixels.paste(upright)
                    frames.append(pixels)
        target = io.BytesIO()
        if kind == "JPEG":
            frames[0].save(target, kind, quality=_JPEG_QUALITY, optimize=True)
        elif len(frames) > 1:
            frames[0].save(target, kind, save_all=True, append_images=frames[1:])
        else:
            frames[0].save(target, kind)
    except Exception:  # noqa: BLE001 - pictures come from anybody, and the library raises whatever it trips over
        return None
    return target.getvalue()


def scan(content: bytes, address: str) -> Scan:
    """Ask ClamAV (INSTREAM) about these bytes; ``unscanned`` without an address. Raises ScannerAway.

    ``address`` is ``host:port`` or the path of a socket.
    """
    if not address:
        return "unscanned"
    try:
        with closing(_connect(address)) as line:
            line.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), _SCAN_CHUNK):
                chunk = content[start : start + _SCAN_CHUNK]
                line.sendall(struct.pack("!I", len(chunk)) + chunk)
            line.sendall(struct.pack("!I", 0))
            answer = b""
            while not answer.endswith(b"\0") and (more := line.recv(4096)):
                answer += more
    except OSError as fault:
        raise ScannerAway(type(fault).__name__) from fault
    words = answer.rstrip(b"\0\n").decode("utf-8", "replace")
    if words.endswith("OK"):
        return "clean"
    if words.endswith("FOUND"):
        return "infected"
    raise ScannerAway("no answer to the point")


def _connect(address: str) -> socket.socket:
    if address.startswith("/"):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(_SCAN_SECONDS)
        try:
            line.connect(address)
        except OSError:
            line.close()
            raise
        return line
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=_SCAN_SECONDS)


def saved_name(name: str, real_type: str) -> str:
    """What an officer's machine calls the file: its own name, with the ending of what it is."""
    ending = ALLOWED.get(real_type, ".bin")
    kept = "".join(c for c in name if c.isprintable() and c not in '/\\:*?"<>|').strip(". ")[:100]
    stem = kept[: -len(ending)] if kept.lower().endswith(ending) else kept
    if ending == ".jpg" and stem.lower().endswith(".jpeg"):
        stem = stem[:-5]
    return f"{stem or 'lampiran'}{ending}"
