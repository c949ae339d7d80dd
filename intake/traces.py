"""What a report waited for, as OpenTelemetry spans: from the hook to the reply, over all processes.

An optional extra (``pip install sahut[traces]``), set up from the standard variables alone: spans are made when
``OTEL_EXPORTER_OTLP_ENDPOINT`` or ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`` names a collector (HTTP with protobuf), and
``OTEL_SDK_DISABLED`` is not true. Without that nothing of OpenTelemetry is imported.

What surprises: nothing travels from process to process. The trace's id is made of the report's id (which is that of the
message that opened it), by a hash, so whoever works on it knows its trace: one report, one trace. So is the id of the
span ``hook``, which is the parent of all others; what came by no hook (a mailbox, the spool) has none. The sampler decides
by the trace's id, so that every process decides alike. Only ids, a channel, a step and an outcome can be noted.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final, Literal, Protocol

from channels.channel import Misconfigured
from intake import logs

log = logs.get("traces")

Step = Literal["hook", "remember", "process", "deliver", "hand_over"]

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

now = time.time_ns


class Traces(Protocol):
    """``began`` is what ``now()`` was; the step ends when it is noted. ``subject_id``: a message, reply or handover."""

    def note(
        self, step: Step, report_id: int, began: int, *, subject_id: int = 0, channel: str = "", outcome: str = "done"
    ) -> None: ...


class NoTraces:
    """Nobody asked for any."""

    def note(
        self, step: Step, report_id: int, began: int, *, subject_id: int = 0, channel: str = "", outcome: str = "done"
    ) -> None:
        """Nothing."""


def open_traces(environ: Mapping[str, str]) -> Traces:
    """Spans to the collector that the environment names, or nothing. Raises Misconfigured without the extra."""
    wanted = any(environ.get(name, "").strip() for name in _ENDPOINTS)
    if not wanted or environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return NoTraces()
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        raise Misconfigured([f"{_ENDPOINTS[0]} is set, but the extra is not installed: pip install sahut[traces]"])
    return _Spans()


def trace_id_of(report_id: int) -> int:
    """128 bits, the same in every process."""
    return int.from_bytes(_digest(report_id)[:16]) or 1


def hook_span_id_of(report_id: int) -> int:
    """64 bits: the span that is the parent of all others of this report."""
    return int.from_bytes(_digest(report_id)[16:24]) or 1


def _digest(report_id: int) -> bytes:
    return hashlib.sha256(b"sahut report %d" % report_id).digest()


class _Spans:
    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        class Ids(RandomIdGenerator):
            """Random, but for the one span whose ids follow from the report's."""

            def __init__(self) -> None:
                self.next = threading.local()

            def generate_trace_id(self) -> int:
                return getattr(self.next, "trace", 0) or super().generate_trace_id()

            def generate_span_id(self) -> int:
                return getattr(self.next, "span", 0) or super().generate_span_id()

        self._ids = Ids()
        resource = Resource.create()
        if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": "sahut"}))
        self._provider = TracerProvider(resource=resource, id_generator=self._ids)  # ends, and sends the rest, at exit
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("sahut")

    def note(
        self, step: Step, report_id: int, began: int, *, subject_id: int = 0, channel: str = "", outcome: str = "done"
    ) -> None:
        attributes: dict[str, str | int] = {"sahut.report_id": report_id, "sahut.outcome": outcome}
        if subject_id:
            attributes["sahut.subject_id"] = subject_id
        if channel:
            attributes["sahut.channel"] = channel
        try:
            self._make_span(step, report_id, began, attributes)
        except Exception:  # a door: what only looks on must never cost a message, or send one twice
            log.exception("not_traced", step=step)

    def _make_span(self, step: Step, report_id: int, began: int, attributes: Mapping[str, str | int]) -> None:
        from opentelemetry.context import Context
        from opentelemetry.sdk.trace.sampling import Decision
        from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

        trace_id, parent = trace_id_of(report_id), hook_span_id_of(report_id)
        if self._provider.sampler.should_sample(Context(), trace_id, step).decision is not Decision.RECORD_AND_SAMPLE:
            return
        within = Context()
        if step == "hook":
            self._ids.next.trace, self._ids.next.span = trace_id, parent
        else:
            above = SpanContext(trace_id, parent, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
            within = set_span_in_context(NonRecordingSpan(above), within)
        try:
            span = self._tracer.start_span(step, within, attributes=attributes, start_time=began)
        finally:
            self._ids.next.trace = self._ids.next.span = 0
        span.end()
