"""Letters made to break a reader: nothing is raised but Unreadable, nothing written is lost.

The sizes are such that a reader whose work grows with the square of its input would not end within the time limit of
the tests; no time is measured.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.channel import Unreadable
from channels.email_mime import EmailMime, open_channel
from channels.mail_addresses import ReplyAddresses, read_addresses
from channels.mail_html import html_to_text
from channels.mail_parts import LARGEST_ATTACHMENTS_BYTES, MOST_ATTACHMENTS, decode_text, read_letter
from channels.mail_text import read_reply
from channels.messages import Headers, InboundMessage, InboundRequest

OWN = "lapor@example.go.id"
WORDS = "Jembatan di Tanjung Agung putus."
MANY = 200_000
LETTERS = sorted((Path(__file__).parent / "recorded" / "email_mime" / "in").glob("*.eml"))


def mailbox() -> EmailMime:
    opened = open_channel(
        {
            "EMAIL_MIME_SECRETS": "rahasia-pipa-0123456789",
            "EMAIL_REPLY_SECRET": "rahasia-alamat-0123456789",
            "EMAIL_ADDRESS": OWN,
            "EMAIL_SMTP_URL": "smtp://127.0.0.1:9?tls=no",
        },
        public_url="https://sahut.example.go.id",
    )
    assert opened is not None
    return opened


MAILBOX = mailbox()


def parse(raw: bytes, envelope_from: str = "warga@example.id") -> InboundMessage:
    headers = Headers({"X-Envelope-From": envelope_from, "X-Envelope-To": OWN})
    return MAILBOX.parse(InboundRequest("https://sahut.example.go.id/hooks/email_mime", headers, raw))


def nested(depth: int) -> bytes:
    parts = (f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return ("From: warga@example.id\n" + "".join(parts) + f"\n{WORDS}\n").encode()


@pytest.mark.parametrize(
    "raw",
    [
        nested(40),
        nested(3000),
        b"Content-Type: message/rfc822\n\n" * 3000 + WORDS.encode(),
        b'Content-Type: multipart/mixed; boundary="x"\n\n' + b"--x\n\na\n" * 20_000 + b"--x\n\n" + WORDS.encode(),
        b'Content-Type: multipart/mixed; boundary="x"\n\n' + b"--y\n" * MANY + WORDS.encode(),
        b"".join(b"X-%d: b\n" % n for n in range(50_000)) + b"\n" + WORDS.encode(),
        b"A: b\n" + b"no header\n" * 50_000 + b"\n" + WORDS.encode(),
        b"Subject: " + b"=?utf-8?q?a?= " * 50_000 + b"\n\n" + WORDS.encode(),
        b"Subject: =?" + b"?" * MANY + b"\n\n" + WORDS.encode(),
        b"To: " + b"a@b.example,\n " * 50_000 + b"\n\n" + WORDS.encode(),
        b"From: " + b"(" * MANY + b"\n\n" + WORDS.encode(),
        b"References: " + b"<a" * MANY + b"\n\n" + WORDS.encode(),
        b"Content-Type: text/plain" + b'; a*0*="x"' * 20_000 + b"\n\n" + WORDS.encode(),
        b"Content-Type: text/plain; charset*=x''%ff%fe\n\n" + WORDS.encode(),
        b"Content-Type: multipart/mixed; boundary*0*=utf-8''%00\n\n" + WORDS.encode(),
        b"Content-Type: ;;;===\nContent-Transfer-Encoding: \xff\n\n" + WORDS.encode(),
        b"Content-Type: text/plain; charset=\xff\xfe\n\n" + WORDS.encode(),
        b'Content-Type: application/octet-stream; name="\xff\n\n' + WORDS.encode(),
        b"\xff\xfe: x\n\n" + WORDS.encode(),
        b"\n\n" + WORDS.encode(),
        WORDS.encode(),
        b"A: b\n\n" + b"\r" * MANY + WORDS.encode(),
        b"A: b\n\n" + b"\x00" * MANY + WORDS.encode(),
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_the_words_are_kept(raw: bytes) -> None:
    message = parse(raw)
    files = b"".join(file.content or b"" for file in message.attachments).decode("utf-8", "replace")
    assert WORDS in str(message.extra["full_text"]) + files
    assert "\x00" not in message.text


@pytest.mark.parametrize(
    "piece",
    ["<!", "<!--", "<a ", "</", "<", "<div>", "<blockquote>", "<script>", "<script></", "&#", "<![CDATA[", "<?",
     "<a b='", "<a b=\">", "\n", "<title>"],
)  # fmt: skip
def test_html_of_one_piece_repeated(piece: str) -> None:
    # Whatever stands in front is read, whatever follows.
    assert html_to_text(f"<p>{WORDS}</p>{piece * MANY}").startswith(WORDS)


@pytest.mark.parametrize(
    "piece",
    ["On ", "On \n", "Pada ", "Pada 1 menulis:\n", "menulis ", "Dari: x\n", "> ", ">\n", "--", "a<a@a>", "<a@", " ",
     "\n", "Dikirim dari ", "____\n"],
)  # fmt: skip
def test_replies_of_one_piece_repeated(piece: str) -> None:
    assert WORDS in read_reply(f"{WORDS}\n\n{piece * MANY}")


@pytest.mark.parametrize("piece", ["(", "a@", "a", "<", '"', "a@b.example,", "\\", "a:;", "<a@b.example>"])
def test_address_lists_of_one_piece_repeated(piece: str) -> None:
    for name, address in read_addresses(piece * MANY):
        assert address.count("@") == 1
        assert "\n" not in name + address


CHARSETS = ["", "utf-8", "utf-16", "utf-7", "idna", "punycode", "base64", "rot13", "undefined", "unicode_escape", "hex"]


@given(st.binary(max_size=400), st.sampled_from([*CHARSETS, "x-unknown", "\x00", "é", "a" * 300]))
def test_any_bytes_are_some_text(content: bytes, charset: str) -> None:
    text = decode_text(content, charset)
    assert "\x00" not in text
    text.encode("utf-8")


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_letter_or_unreadable(raw: bytes) -> None:
    with contextlib.suppress(Unreadable):
        parse(raw)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(
    st.sampled_from(LETTERS),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.binary(max_size=12)), max_size=8),
)
def test_mutated_letters(file: Path, cuts: list[tuple[float, int, bytes]]) -> None:
    """Real shapes, with some bytes taken out and others put in."""
    raw = file.read_bytes()
    for place, length, instead in cuts:
        start = int(place * len(raw))
        raw = raw[:start] + instead + raw[start + length :]
    with contextlib.suppress(Unreadable):
        message = parse(raw)
        assert "\x00" not in message.text + message.subject + message.sender + message.external_id
        assert "\n" not in message.subject
        (message.text + message.subject + repr(dict(message.extra))).encode("utf-8")


@given(st.text(max_size=500))
def test_any_text_has_a_reading(text: str) -> None:
    assert read_reply(text).strip() or not text.strip()
    html_to_text(text)


def test_attachments_beyond_the_limit_are_named() -> None:
    big = b"A" * (LARGEST_ATTACHMENTS_BYTES // 2 + 1)
    part = b"--x\nContent-Type: video/mp4; name=%s\nContent-Transfer-Encoding: binary\n\n%s\n"
    raw = b'Content-Type: multipart/mixed; boundary="x"\n\n' + b"".join(
        part % (name, content) for name, content in [(b"a.mp4", big), (b"b.mp4", big), (b"c.mp4", b"small")]
    )
    letter = read_letter(raw + b"--x--\n")
    assert [(file.name, len(file.content or b"")) for file in letter.attachments] == [
        ("a.mp4", len(big)), ("b.mp4", 0), ("c.mp4", 5),
    ]  # fmt: skip
    assert letter.left_out == ("b.mp4",)


def test_too_many_attachments_are_named() -> None:
    part = b"--x\nContent-Type: image/png; name=%d.png\n\nA\n"
    raw = b'Content-Type: multipart/mixed; boundary="x"\n\n' + b"".join(part % n for n in range(MOST_ATTACHMENTS + 3))
    letter = read_letter(raw + b"--x--\n")
    assert len(letter.attachments) == MOST_ATTACHMENTS + 3
    assert letter.left_out == tuple(f"{MOST_ATTACHMENTS + n}.png" for n in range(3))


tokens = st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True)


@given(tokens, tokens)
def test_reply_addresses_come_back(token: str, other: str) -> None:
    addresses = ReplyAddresses(["rahasia-satu-0123456789"], own=[OWN])
    made = addresses.make(token, address=OWN)
    for written in (made, made.upper(), made.title()):
        assert (addresses.read(written).plain, addresses.read(written).token) == (OWN, token.lower())
    assert addresses.is_own(made)
    assert len(made.partition("@")[0]) <= 64
    stranger = ReplyAddresses(["rahasia-dua-0123456789"], own=[OWN])
    assert stranger.read(made).token is None
    if other.lower() != token.lower():
        local, _, rest = made.partition("+")
        assert addresses.read(f"{local}+{other}.{rest.partition('.')[2]}").token is None
