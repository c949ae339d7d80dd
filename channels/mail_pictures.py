"""Where a photograph was taken, as its camera wrote it into the file (Exif 2.32, GPS tags): a hint, and no more.

What surprises: only the head of a picture is read, no pixel of it. A telephone that has no fix yet writes zeroes; a place
in the sea off Ghana is none.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterable
from typing import Any, Final

from channels.messages import Attachment, Coordinates

_MOST_PICTURES: Final = 10
_GPS: Final = 0x8825
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4
_JPEG: Final = b"\xff\xd8\xff"
_EXIF: Final = b"Exif\x00\x00"
_HEAD_BYTES: Final = 256 * 1024


def coordinates_of_pictures(files: Iterable[Attachment]) -> Coordinates | None:
    """The place of the first photograph that names one. Never raises."""
    pictures = [file.content for file in files if file.content and file.content.startswith(_JPEG)]
    for content in pictures[:_MOST_PICTURES]:
        if _EXIF in content[:_HEAD_BYTES]:
            place = coordinates_of(content)
            if place is not None:
                return place
    return None


def coordinates_of(content: bytes) -> Coordinates | None:
    """The place a JPEG names, or None. Never raises."""
    from PIL import Image  # needed for photographs only, and slow to import

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=("JPEG",)) as picture:
                gps = picture.getexif().get_ifd(_GPS)
        latitude = _degrees(gps.get(_LATITUDE), gps.get(_LATITUDE_REF), negative="S")
        longitude = _degrees(gps.get(_LONGITUDE), gps.get(_LONGITUDE_REF), negative="W")
    except Exception:  # noqa: BLE001 - files come from anybody, and the library raises whatever it trips over
        return None
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return None if abs(latitude) < 1e-6 and abs(longitude) < 1e-6 else Coordinates(latitude, longitude)


def _degrees(parts: Any, reference: Any, *, negative: str) -> float | None:
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    value = float(parts[0]) + float(parts[1]) / 60 + float(parts[2]) / 3600
    if not math.isfinite(value):
        return None
    return -value if str(reference).strip("\x00 ").upper() == negative else value
