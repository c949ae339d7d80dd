"""Whether a letter is from whom it says: what a trusted host wrote, what a forger wrote, and signatures checked here."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import compat32
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from channels.channel import SendFailed
from channels.email_mime import EmailMime, open_channel
from channels.mail_dkim import Signer
from channels.mail_proof import Proof, agrees, believe_host, check_dkim
from channels.messages import OutboundMessage
from tests.channels.local_servers import SmtpServer

AUTHOR = "siti@warga.example.id"
HOSTS = frozenset({"mx.sahut.test"})
PASSED = (
    "Authentication-Results: mx.sahut.test; spf=pass smtp.mailfrom=example.id;"
    " dkim=pass header.d=example.id; dmarc=pass\n"
)
RECEIVED = "Received: from somewhere by mx.sahut.test; Mon, 2 Nov 2026 10:15:00 +0700\n"
FORGED = PASSED.replace("example.id", "warga.example.id")


def believed(head: str, author: str = AUTHOR) -> Proof | None:
    message = message_from_bytes(f"{head}From: {author}\n\nx\n".encode(), policy=compat32)
    return believe_host(message, author=author, hosts=HOSTS)


@pytest.mark.parametrize(
    ("head", "proven", "forged"),
    [
        (PASSED, True, False),
        (PASSED + RECEIVED, True, False),
        (RECEIVED + PASSED, True, False),
        ("Authentication-Results: MX.Sahut.test 1;\n\tdkim=pass (2048-bit key)\n\theader.d=example.id\n", True, False),
        ("Authentication-Results: mx.sahut.test; spf=pass smtp.mailfrom=siti@warga.example.id\n", True, False),
        ("Authentication-Results: mx.sahut.test; spf=pass smtp.mailfrom=mailer.example.com\n", False, False),
        ("Authentication-Results: mx.sahut.test; dkim=pass header.d=example.com\n", False, False),
        ("Authentication-Results: mx.sahut.test; dkim=fail header.d=example.id\n", False, False),
        ("Authentication-Results: mx.sahut.test; dmarc=fail header.from=warga.example.id\n", False, True),
        ("Authentication-Results: mx.sahut.test; spf=pass smtp.mailfrom=example.id; dmarc=fail\n", False, True),
        ("Authentication-Results: mx.sahut.test; none\n", False, False),
        # Two lines of the same host belong together.
        (
            (
                "Authentication-Results: mx.sahut.test; spf=fail smtp.mailfrom=x.example.com\n"
                "Authentication-Results: mx.sahut.test; dkim=pass header.d=warga.example.id\n"
            ),
            True,
            False,
        ),
        # Below our own host's lines begins what the sender wrote.
        ("Authentication-Results: mx.sahut.test; dkim=none; dmarc=fail\n" + RECEIVED + FORGED, False, True),
        ("Authentication-Results: mx.sahut.test; dkim=none\n" + RECEIVED + FORGED, False, False),
    ],
)
def test_what_a_trusted_host_wrote(head: str, proven: bool, forged: bool) -> None:
    proof = believed(head)
    assert proof is not None
    assert (proof.proven, proof.forged) == (proven, forged)


@pytest.mark.parametrize(
    "head",
    [
        "",
        PASSED.replace("mx.sahut.test", "mx.elsewhere.test"),
        PASSED.replace("mx.sahut.test", "not.mx.sahut.test"),
        PASSED.replace("mx.sahut.test", "(mx.sahut.test) elsewhere.test"),
        "Authentication-Results:\n",
        "Authentication-Results: ;;;\n",
    ],
)
def test_what_others_wrote_is_nothing(head: str) -> None:
    assert believed(head) is None


@pytest.mark.parametrize(
    ("domain", "author", "agree"),
    [
        ("example.id", "example.id", True),
        ("mail.example.id", "example.id", True),
        ("example.id", "warga.example.id", True),
        ("kominfo.go.id", "pusat.kominfo.go.id", True),
        ("go.id", "kominfo.go.id", False),
        ("bogor.go.id", "bandung.go.id", False),
        ("id", "example.id", False),
        ("example.com", "example.id", False),
        ("", "", False),
        ("evilexample.id", "example.id", False),
    ],
)
def test_domains_that_speak_for_each_other(domain: str, author: str, agree: bool) -> None:
    assert agrees(domain, author) == agree


KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
PUBLIC = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
LETTER = b"From: Siti <siti@warga.example.id>\r\nTo: lapor@sahut.test\r\nSubject: Jalan\r\n\r\nJalan rusak.\r\n"


def lookup(name: bytes, timeout: int = 5) -> bytes | None:
    import base64

    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(PUBLIC) if name.startswith(b"s1._domainkey.") else None


def signed(domain: str) -> bytes:
    return Signer(domain, "s1", PEM).sign(LETTER)


def test_a_signature_of_the_authors_domain_is_proof() -> None:
    proof = check_dkim(signed("example.id"), author=AUTHOR, lookup=lookup)
    assert (proof.source, proof.dkim, proof.proven, proof.domains) == ("checked", "pass", True, ("example.id",))


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        (LETTER, "none"),
        (signed("example.com"), "pass"),
        (signed("example.id").replace(b"rusak", b"bagus"), "fail"),
        (signed("example.id").replace(b"s=s1", b"s=s2"), "fail"),
        (b"DKIM-Signature: v=1; nonsense\r\n" + LETTER, "temperror"),
        (b"no letter at all", "permerror"),
    ],
)
def test_anything_else_is_none(raw: bytes, result: str) -> None:
    proof = check_dkim(raw, author=AUTHOR, lookup=lookup)
    assert not proof.proven
    assert proof.dkim == result


def test_no_answer_of_dns_is_no_proof() -> None:
    def nobody_answers(name: bytes, timeout: int = 5) -> bytes | None:
        raise TimeoutError

    assert not check_dkim(signed("example.id"), author=AUTHOR, lookup=nobody_answers).proven


@given(st.binary(max_size=300))
def test_nothing_raises(raw: bytes) -> None:
    assert not check_dkim(raw, author=AUTHOR, lookup=lookup).proven
    message = message_from_bytes(b"Authentication-Results: mx.sahut.test; " + raw, policy=compat32)
    believe_host(message, author=AUTHOR, hosts=HOSTS)


def mailbox(port: int, **more: str) -> EmailMime:
    channel = open_channel(
        {
            "EMAIL_MIME_SECRETS": "rahasia-pipa-0123456789",
            "EMAIL_REPLY_SECRET": "rahasia-alamat-0123456789",
            "EMAIL_ADDRESS": "lapor@sahut.test",
            "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{port}?tls=no",
            **more,
        },
        public_url="https://sahut.example.go.id",
    )
    assert channel is not None
    return channel


ANSWER = OutboundMessage(
    "41", "warga@example.id", "lapor@sahut.test", "Laporan Anda diterima.", "Laporan", reply_token="41"
)


def test_our_letters_are_signed_when_there_is_a_key(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(PEM)
    with SmtpServer() as server:
        mailbox(server.port, EMAIL_DKIM_KEY=f"s1:{key}").send(ANSWER)
        mailbox(server.port).send(ANSWER)
    with_key, without = server.received
    assert dkim.verify(with_key.content, dnsfunc=lookup)
    assert b"d=sahut.test" in with_key.content
    assert b"DKIM-Signature" not in without.content


def test_a_key_that_does_not_sign_is_ours_to_repair() -> None:
    with pytest.raises(SendFailed) as failed:
        Signer("sahut.test", "s1", b"no key").sign(LETTER)
    assert failed.value.kind == "config"


def test_both_forms_of_a_letter_say_the_same() -> None:
    from email import policy

    with SmtpServer() as server:
        mailbox(server.port).send(
            OutboundMessage("42", "warga@example.id", "", "Tautan & <b>:\n\nhttps://x.example/?a=1&b=2.\nSalam", "x")
        )
    letter = message_from_bytes(server.received[0].content, policy=policy.default)
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "Tautan & <b>:" in plain.get_content()
    written = html.get_content()
    assert '<a href="https://x.example/?a=1&amp;b=2">https://x.example/?a=1&amp;b=2</a>.<br>' in written
    assert "Tautan &amp; &lt;b&gt;:" in written
    assert letter["List-Unsubscribe"] == "<mailto:lapor@sahut.test?subject=STOP&body=STOP>"


def test_the_same_letter_twice_is_the_same_but_for_its_date() -> None:
    with SmtpServer() as server:
        for _ in range(2):
            mailbox(server.port).send(ANSWER)
    first, second = (
        [line for line in mail.content.split(b"\r\n") if not line.startswith(b"Date:")] for mail in server.received
    )
    assert first == second
