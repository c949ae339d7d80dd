"""Messages as citizens send them; every number and address is invented."""

from __future__ import annotations

import io
import itertools

from PIL import Image

from channels.messages import InboundMessage

PHONE = "+628110000001"
OTHER_PHONE = "+628110000002"
OUR_NUMBER = "+628110001708"
CLEAR_TEXT = "Lapor pak, jalan rusak parah di desa Tegal Rejo kec Lawang Kidul kab Muara Enim, sudah 3 bulan"
MUARA_ENIM = "16.03"

_ids = itertools.count(1)


def an_sms(text: str = CLEAR_TEXT, *, sender: str = PHONE, external_id: str | None = None) -> InboundMessage:
    return InboundMessage(external_id or f"SM{next(_ids):032x}", sender, OUR_NUMBER, text)


def a_mail(
    text: str = CLEAR_TEXT,
    *,
    subject: str = "Jalan rusak",
    sender: str = "warga@example.com",
    references: tuple[str, ...] = (),
    reply_token: str | None = None,
    automatic: str | None = None,
) -> InboundMessage:
    return InboundMessage(
        f"<m{next(_ids)}@example.com>", sender, "lapor@sahut.test", text, subject,
        references=references, reply_token=reply_token, automatic=automatic,
    )  # fmt: skip


def a_photo(latitude: float | None = -3.6589, longitude: float = 103.7736) -> bytes:
    """A JPEG with the place where it was taken, as a camera writes it (Exif 2.32, GPS tags); without one for None."""
    picture, file = Image.new("RGB", (8, 8)), io.BytesIO()
    exif = picture.getexif()
    if latitude is not None:
        exif.get_ifd(0x8825).update(
            {1: "S" if latitude < 0 else "N", 2: (abs(latitude), 0.0, 0.0), 3: "E", 4: (longitude, 0.0, 0.0)}
        )
    picture.save(file, "JPEG", exif=exif)
    return file.getvalue()
