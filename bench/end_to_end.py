"""From an SMS that comes in to the SMS that leaves: the rate that holds, the wait on an idle system, and the memory.

    python -m bench.end_to_end [--rates 300,400,500,600] [--seconds 12] [--idle 150] [--json]

Everything on this machine: PostgreSQL with fsync, Valkey, web (Granian as in the Procfile), relay, two workers with the
real resolver and classifier. This process is the citizens (signed webhooks of Twilio over 32 connections, each message at
its moment whether or not earlier ones are answered, each from another phone) and the stand-in gateway, so that one clock
measures from the moment a message was due to be sent to the moment an SMS to its phone stands at the gateway.

A rate holds when all are answered within five seconds of the last one and 95 of 100 within two seconds. The texts are
those of ``bench/data/locate_dev.jsonl`` that are reports, without those that fill an SMS to the brim: they wait eight
seconds for a next part, on purpose.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_plus, urlencode

import requests
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from bench.processor import family_of, private_megabytes_of, seconds_of
from intake import converse
from intake.active_model import classify_here
from intake.embedded import open_folder, start_postgres, start_valkey
from intake.storage.migrate import upgrade
from tests.journeys.house import free_port

ROOT = Path(__file__).parents[1]
ACCOUNT = "AC" + "0" * 32
TOKEN = "1" * 32
OUR_NUMBER = "+628110001708"
CONNECTIONS = 32
_DRAIN_SECONDS = 5.0
_MOST_P95_SECONDS = 2.0


#: As the API answers, shortened: what is measured shares its processors with this program.
_ANSWER = (
    b'{"sid": "SM%s", "status": "queued", "to": "%s", "from": "' + OUR_NUMBER.encode() + b'", "body": "...", '
    b'"direction": "outbound-api", "num_segments": "1", "date_created": "Sat, 21 Nov 2026 10:00:00 +0000"}'
)


@dataclass
class Gateway(asyncio.Protocol):
    """Takes what Twilio's client sends, at once, and notes when the first SMS to each phone came."""

    came: dict[str, float]
    buffer: bytes = b""
    transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            self._take(body.decode())

    def _take(self, body: str) -> None:
        to = unquote_plus(body.partition("To=")[2].partition("&")[0])
        self.came.setdefault(to, time.perf_counter())
        answer = _ANSWER % (secrets.token_bytes(16).hex().encode(), to.encode())
        assert self.transport is not None
        self.transport.write(
            b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (len(answer), answer)
        )


class _Line(asyncio.Protocol):
    """One connection to the web server, one request at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""

    def ask(self, request: bytes) -> asyncio.Future[bytes]:
        """Send a request; the first line of its answer, once all of it is there."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0):
            return
        self._buffer = b""
        self._answer.set_result(head.partition(b"\r\n")[0])

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and not self._answer.done():
            self._answer.set_exception(exc)


@dataclass
class Citizens:
    """Everybody's phones. ``sent``: when each message was due to be sent."""

    url: str
    texts: Sequence[str]
    sent: dict[str, float] = field(default_factory=dict)
    refused: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        self._validator = RequestValidator(TOKEN)

    def write(self) -> tuple[str, bytes]:
        """The next citizen's phone and signed request."""
        self.number += 1
        phone = f"+62811{self.number:08}"
        form = {
            "MessageSid": f"SM{secrets.token_hex(16)}", "AccountSid": ACCOUNT, "NumMedia": "0", "From": phone,
            "To": OUR_NUMBER, "Body": self.texts[self.number % len(self.texts)], "NumSegments": "1",
            "SmsStatus": "received", "ApiVersion": "2010-04-01",
        }  # fmt: skip
        signature = self._validator.compute_signature(f"{self.url}/hooks/sms_twilio", form)
        body = urlencode(form).encode()
        head = (
            f"POST /hooks/sms_twilio HTTP/1.1\r\nHost: {self.url.removeprefix('http://')}\r\n"
            f"X-Twilio-Signature: {signature}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return phone, head.encode() + body

    async def send(self, written: Sequence[tuple[str, bytes]], *, per_second: float) -> None:
        """Send these, each at its moment."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[str, bytes] | None] = asyncio.Queue()

        async def line() -> None:
            transport, phone_line = await loop.create_connection(_Line, host, int(port))
            while (one := await waiting.get()) is not None:
                if b" 200 " not in await phone_line.ask(one[1]):
                    self.refused += 1
            transport.close()

        lines = [asyncio.create_task(line()) for _ in range(CONNECTIONS)]
        start = time.perf_counter()
        for place, (phone, request) in enumerate(written):
            due = start + place / per_second
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            self.sent[phone] = due
            waiting.put_nowait((phone, request))
        for _ in lines:
            waiting.put_nowait(None)
        await asyncio.gather(*lines)


@contextmanager
def working(environ: dict[str, str], port: int, log: Path) -> Iterator[dict[str, list[int]]]:
    """The house's own processes; their ids by what they are."""
    web = ["-m", "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port", str(port),
           "--workers", "2", "--blocking-threads", "8", "--log-level", "error", "intake.web.wsgi:app"]  # fmt: skip
    commands = [("web", web), ("relay", ["-m", "workers.relay"])] + [("worker", ["-m", "workers"])] * 2
    running: dict[str, list[subprocess.Popen[bytes]]] = {}
    with log.open("ab") as file:
        for name, command in commands:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=environ, stdout=file, stderr=file, start_new_session=True
            )
            running.setdefault(name, []).append(process)
    try:
        for _ in range(1200):
            try:
                if requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).ok:
                    break
            except requests.RequestException:
                time.sleep(0.1)
        yield {name: [process.pid for process in group] for name, group in running.items()}
    finally:
        for process in [process for group in running.values() for process in group]:
            os.killpg(process.pid, signal.SIGTERM)
        for process in [process for group in running.values() for process in group]:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("inf")


async def try_rate(
    citizens: Citizens, came: dict[str, float], per_second: float, count: int, *, patience: float = _DRAIN_SECONDS
) -> dict[str, float]:
    """One run: the share that was answered, and the waits of those in milliseconds."""
    written = [citizens.write() for _ in range(count)]
    gc.collect()
    gc.freeze()  # these requests are not to be looked at again and again by the collector, on the servers' processors
    began = time.perf_counter()
    await citizens.send(written, per_second=per_second)
    took = time.perf_counter() - began
    end = time.perf_counter() + patience
    while time.perf_counter() < end and any(phone not in came for phone, _ in written):  # noqa: ASYNC110 - of no event
        await asyncio.sleep(0.05)
    waits = [came[phone] - citizens.sent[phone] for phone, _ in written if phone in came]
    return {
        "sent_per_second": round(count / took, 1),
        "answered": round(len(waits) / count, 4),
        **{f"p{share}_ms": round(percentile(waits, share / 100) * 1000, 1) for share in (50, 95, 99)},
    }


async def settle_down(citizens: Citizens, came: dict[str, float]) -> None:
    """Until nothing waits any more: the next run begins on an idle system."""
    for _ in range(600):
        if all(phone in came for phone in citizens.sent):
            return
        await asyncio.sleep(0.1)


async def measure(
    url: str, gateway_port: int, pids: dict[str, list[int]], wanted: argparse.Namespace
) -> dict[str, object]:
    came: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Gateway(came), "127.0.0.1", gateway_port)
    lines = (ROOT / "bench/data/locate_dev.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    texts = [text for text in texts if not converse.fills_one_sms(text) and not classify_here(text).spam]
    citizens = Citizens(url, texts)
    await try_rate(citizens, came, 20, 100, patience=60)  # everybody warm
    results: dict[str, object] = {"idle": await try_rate(citizens, came, 1000 / 130, wanted.idle)}
    held = 0.0
    for rate in wanted.rates:
        spent, own = {name: sum(map(seconds_of, group)) for name, group in pids.items()}, time.process_time()
        run = await try_rate(citizens, came, rate, int(rate * wanted.seconds))
        count = rate * wanted.seconds
        cost = {
            name: round((sum(map(seconds_of, group)) - spent[name]) / count * 1000, 2) for name, group in pids.items()
        }
        cost["bench"] = round((time.process_time() - own) / count * 1000, 2)
        results[f"at {rate:g}"] = {**run, "processor_ms": cost}
        holds = run["answered"] == 1 and run["p95_ms"] <= _MOST_P95_SECONDS * 1000
        held = max(held, rate if holds else 0.0)
        if not holds:
            break
        await settle_down(citizens, came)
    results["holds_per_second"] = held
    results["refused"] = citizens.refused
    serving = [
        pid for root in pids["web"] for pid in family_of(root) if pid != root
    ]  # Granian's own beside them is small
    processes = {"web": serving, "worker": pids["worker"], "relay": pids["relay"]}
    results["private_mb"] = {
        name: [round(private_megabytes_of(pid), 1) for pid in group] for name, group in processes.items()
    }
    server.close()
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rates",
        type=lambda said: [float(each) for each in said.split(",")],
        default=[300.0, 400.0, 500.0, 600.0, 700.0],
    )
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--idle", type=int, default=200, help="messages on an idle system, one every 130 ms")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = open_folder(folder / "data")
        with start_postgres(data) as postgres, start_valkey(data) as valkey:
            upgrade(postgres.url)
            port, gateway_port = free_port(), free_port()
            environ = {
                **os.environ, "DATABASE_URL": postgres.url, "REDIS_URL": valkey.url, "SAHUT_LOG_LEVEL": "warning",
                "PUBLIC_URL": f"http://127.0.0.1:{port}", "SAHUT_SECRET_KEYS": "0" * 40,
                "SAHUT_DATA": str(folder / "files"), "SMS_TWILIO_ACCOUNT_SID": ACCOUNT,
                "SMS_TWILIO_AUTH_TOKEN": TOKEN, "SMS_TWILIO_NUMBERS": OUR_NUMBER,
                "SMS_TWILIO_API_URL": f"http://127.0.0.1:{gateway_port}",
            }  # fmt: skip
            log = folder / "log"
            with working(environ, port, log) as pids:
                pids["servers"] = [postgres.pid, valkey.pid]
                results = asyncio.run(measure(environ["PUBLIC_URL"], gateway_port, pids, wanted))
    if wanted.json:
        print(json.dumps(results))
        return 0
    for what, figures in results.items():
        print(f"{what:18} {figures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
