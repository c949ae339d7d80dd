"""Spans of the real web and worker processes, at a collector that speaks OTLP."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from psycopg.types.json import Jsonb

from intake.embedded import temporary_valkey
from intake.traces import NoTraces, hook_span_id_of, open_traces, trace_id_of
from tests.factories import MUARA_ENIM
from tests.journeys.house import House, wait_for

PHONE = "+628110000731"
SYSTEM = "/the-system-of-the-regency"
TEXT = "jalan rusak di desa Tegal Rejo kec Lawang Kidul Muara Enim"


@dataclass
class Collector:
    spans: list[Span] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    given: list[bytes] = field(default_factory=list)
    port: int = 0

    def named(self, name: str) -> list[Span]:
        return [span for span in list(self.spans) if span.name == name]


@contextmanager
def collector() -> Iterator[Collector]:
    got = Collector()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Silent."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == SYSTEM:
                got.given.append(body)
            else:
                request = ExportTraceServiceRequest.FromString(body)
                got.raw.append(body)
                got.spans += [s for each in request.resource_spans for scope in each.scope_spans for s in scope.spans]
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        got.port = int(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield got
        server.shutdown()
        thread.join()


def test_one_report_is_one_trace_over_all_processes(tmp_path: Path, database_url: str) -> None:
    with temporary_valkey() as valkey, collector() as got:
        more = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{got.port}", "OTEL_BSP_SCHEDULE_DELAY": "100",
                "DESK_WEBHOOK_ALLOW_LOOPBACK": "1"}  # fmt: skip
        with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "update desk set kind = 'webhook', config = %s where regency = %s",
                (Jsonb({"url": f"http://127.0.0.1:{got.port}{SYSTEM}", "secret": "s" * 40}), MUARA_ENIM),
            )
        lab = House(tmp_path, database_url, valkey.url, more=more)
        try:
            lab.start()
            lab.send_sms(PHONE, TEXT)
            lab.wait_for_sms(PHONE)
            wait_for(lambda: {"hook", "remember", "process", "deliver", "hand_over"} <= {s.name for s in got.spans},
                     of="all spans")  # fmt: skip
            ((report_id, secret),) = lab.figures("select id, secret from report")
        finally:
            lab.stop()
    assert isinstance(report_id, int)
    assert not secret
    assert {int.from_bytes(span.trace_id) for span in got.spans} == {trace_id_of(report_id)}
    (hook,) = got.named("hook")
    assert (int.from_bytes(hook.span_id), hook.parent_span_id) == (hook_span_id_of(report_id), b"")
    assert {span.parent_span_id for span in got.spans if span is not hook} == {hook.span_id}
    assert len({span.span_id for span in got.spans}) == len(got.spans)
    began = [got.named(name)[0].start_time_unix_nano for name in ("hook", "remember", "process", "deliver")]
    assert began == sorted(began)
    assert {a.value.string_value for a in got.named("deliver")[0].attributes if a.key == "sahut.outcome"} == {
        "accepted"
    }
    assert len(got.given) == 1
    everything = b" ".join(got.raw)
    for told in (PHONE, PHONE[1:], "Tegal Rejo", "Muara Enim", "jalan"):
        assert told.encode() not in everything


def test_without_the_extra_everything_is_there_and_nothing_is_said() -> None:
    program = (
        "import sys; sys.modules['opentelemetry'] = None\n"  # as if it were not installed
        "import intake.web.app, workers.jobs\n"
        "from intake.traces import open_traces\n"
        "open_traces({}).note('hook', 1, 1)\n"
        "print(*(name for name, module in sys.modules.items() if name.startswith('opentelemetry') and module))\n"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == ""
    off = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}
    assert isinstance(open_traces(off), NoTraces)


def test_a_collector_without_the_extra_is_a_fault_of_the_settings() -> None:
    program = (
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name.startswith('opentelemetry') else found(name, *more)\n"
        "from intake import traces\n"
        "try: traces.open_traces({'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://127.0.0.1:4318'})\n"
        "except traces.Misconfigured as wrong: print(*wrong.faults)\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "pip install sahut[traces]" in said


def test_ids_are_stable_and_their_own() -> None:
    assert trace_id_of(17) == trace_id_of(17) != trace_id_of(18)
    assert 0 < trace_id_of(17) < 1 << 128
    assert 0 < hook_span_id_of(17) < 1 << 64
