"""Whether a message may have left: told apart on real sockets."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from channels.channel import SendFailed
from channels.http_call import MOST_ANSWERED_BYTES, call


def test_silence_after_the_question_is_uncertain() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SendFailed) as failed:
            call("POST", f"http://127.0.0.1:{port}/", headers={}, data=b"x", read_seconds=0.05)
    assert (failed.value.kind, failed.value.uncertain) == ("retryable", True)


def failure_with(babble: Callable[[socket.socket], None]) -> SendFailed:
    """How a call fails that is answered by whatever ``babble`` says."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.recv(65536)
                babble(line)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(SendFailed) as failed:
            call("POST", f"http://127.0.0.1:{server.getsockname()[1]}/", headers={}, data=b"x")
        thread.join()
    return failed.value


def test_an_answer_that_is_no_http_is_uncertain() -> None:
    failure = failure_with(lambda line: line.sendall(b"220 mail.test ESMTP\r\n\r\n"))
    assert (failure.kind, failure.uncertain) == ("retryable", True)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_an_answer_without_end_is_read_no_further(packed: bool) -> None:
    written: list[int] = []
    piece = gzip.compress(bytes(100 * MOST_ANSWERED_BYTES)) if packed else b" " * 65536

    def babble(line: socket.socket) -> None:
        with suppress(OSError):
            line.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Type: text/html\r\n")
            line.sendall(b"Content-Encoding: gzip\r\n\r\n" if packed else b"\r\n")
            while sum(written) < 64 * MOST_ANSWERED_BYTES:
                line.sendall(piece)
                written.append(len(piece))

    failure = failure_with(babble)
    assert (failure.kind, failure.uncertain) == ("retryable", True)
    assert sum(written) < 32 * MOST_ANSWERED_BYTES  # the rest of it lay in the system's own buffers


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://no-such-host.invalid/"])
def test_nobody_there_is_certain(url: str) -> None:
    with pytest.raises(SendFailed) as failed:
        call("GET", url, headers={})
    assert (failed.value.kind, failed.value.uncertain) == ("retryable", False)


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(SendFailed) as failed:
        call("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", headers={}, read_seconds=0.05)
    assert failed.value.reason == "answer took too long"


@pytest.mark.parametrize("value", ["dua\r\nbaris", "kunci-🔑"])
def test_headers_that_cannot_be_written_leave_nothing(value: str) -> None:
    with pytest.raises(SendFailed) as failed:
        call("GET", "http://127.0.0.1:1/", headers={"X-To": value})
    assert (failed.value.kind, failed.value.uncertain) == ("permanent", False)
