"""Our own signature, made and checked, and the waiting time of an HTTP answer."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.channel import Forged
from channels.retry_after import LONGEST, read_retry_after
from channels.signing import OLDEST_SIGNATURE_SECONDS, check_signature, sign

SECRETS = ["rahasia-baru-0123456789", "rahasia-lama-0123456789"]


def test_what_is_signed() -> None:
    """The scheme, written out: a receiver in another language does just this."""
    expected = hmac.new(SECRETS[0].encode(), b"1795233600.{}", hashlib.sha256).hexdigest()
    assert sign(b"{}", secret=SECRETS[0], at=1795233600.9) == f"t=1795233600,v1={expected}"


@given(st.binary(), st.sampled_from(SECRETS), st.integers(-OLDEST_SIGNATURE_SECONDS, OLDEST_SIGNATURE_SECONDS))
def test_what_we_sign_is_genuine(body: bytes, secret: str, apart: int) -> None:
    check_signature(sign(body, secret=secret, at=10_000), body, secrets=SECRETS, now=10_000 + apart)


@given(st.binary(), st.binary())
def test_other_bodies_are_forged(body: bytes, other: bytes) -> None:
    if body != other:
        with pytest.raises(Forged):
            check_signature(sign(body, secret=SECRETS[0], at=1), other, secrets=SECRETS, now=1)


@given(st.text())
def test_no_header_is_genuine_by_chance(value: str) -> None:
    with pytest.raises(Forged):
        check_signature(value, b"isi", secrets=SECRETS, now=1)


@pytest.mark.parametrize("apart", [OLDEST_SIGNATURE_SECONDS + 1, -OLDEST_SIGNATURE_SECONDS - 1])
def test_old_and_early_signatures(apart: int) -> None:
    with pytest.raises(Forged):
        check_signature(sign(b"", secret=SECRETS[0], at=10_000), b"", secrets=SECRETS, now=10_000 + apart)


def test_another_secret() -> None:
    with pytest.raises(Forged):
        check_signature(sign(b"", secret="lain-lain-0123456789", at=1), b"", secrets=SECRETS, now=1)


def test_the_moment_is_signed_too() -> None:
    with pytest.raises(Forged):
        check_signature(sign(b"", secret=SECRETS[0], at=1).replace("t=1,", "t=500,"), b"", secrets=SECRETS, now=500)


@pytest.mark.parametrize(
    ("value", "wait"),
    [(None, None), ("", None), ("0", timedelta()), (" 17 ", timedelta(seconds=17)), ("86401", LONGEST),
     ("9" * 400, LONGEST), ("-1", None), ("1.5", None), ("²", None), ("besok", None),
     ("Fri, 31 Dec 1999 23:59:59 GMT", timedelta()),
     ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST)],
)  # fmt: skip
def test_retry_after(value: str | None, wait: timedelta | None) -> None:
    assert read_retry_after(value) == wait


def test_retry_after_a_date() -> None:
    wait = read_retry_after(format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))
    assert wait is not None
    assert timedelta(minutes=50) < wait <= timedelta(hours=1)


@given(st.text())
def test_retry_after_never_raises(value: str) -> None:
    wait = read_retry_after(value)
    assert wait is None or timedelta() <= wait <= LONGEST
