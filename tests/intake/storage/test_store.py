"""Attachments in a store: a folder, and an S3 server that runs on this machine."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.storage.attachments import Store
from tests.gateways.processes import free_port, is_listening, running, wait_for

NAME = "ab" * 32
OTHER = "cd" * 32


@pytest.fixture
def s3_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its address; the variables by which an office names its store are set, and its bucket ``lapor`` is made."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with running([sys.executable, "-m", "moto.server", "-p", str(port)], folder=tmp_path, log="s3.log"):
        wait_for("the S3 server", lambda: is_listening(port))
        for name, value in {
            "AWS_ENDPOINT_URL": address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "kunci",
            "AWS_SECRET_ACCESS_KEY": "rahasia",
        }.items():
            monkeypatch.setenv(name, value)
        urllib.request.urlopen(urllib.request.Request(f"{address}/lapor", method="PUT"), timeout=10).close()
        yield address


def keeps_bytes(store: Store) -> None:
    store.put(NAME, b"\x89PNG\r\n\0isi")
    store.put(NAME, b"\x89PNG\r\n\0isi")
    store.put(OTHER, b"")
    assert store.get(NAME) == b"\x89PNG\r\n\0isi"
    assert store.get(OTHER) == b""
    with pytest.raises(FileNotFoundError):
        store.get("ef" * 32)


def test_a_folder(tmp_path: Path) -> None:
    keeps_bytes(Store(str(tmp_path / "berkas")))
    assert (tmp_path / "berkas" / "ab" / NAME).read_bytes().endswith(b"isi")


def test_an_s3_server(s3_server: str) -> None:
    keeps_bytes(Store("s3://lapor/berkas"))
    with urllib.request.urlopen(f"{s3_server}/lapor?list-type=2", timeout=10) as answer:
        assert f"<Key>berkas/ab/{NAME}</Key>" in answer.read().decode()


def test_an_s3_server_that_is_away_is_no_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with pytest.raises(Exception, match=r"refused|error sending|connect") as fault:
        Store("s3://lapor").get(NAME)
    assert not isinstance(fault.value, FileNotFoundError)
