"""``/metrics`` for Prometheus: what ``intake.storage.vitals`` counts, and the spool of this host.

Shown only to who knows ``SAHUT_METRICS_TOKEN`` (``Authorization: Bearer``); without that setting there is no such page.
Where a request comes from proves nothing here: behind a proxy on the same host all of them come from this machine.
Figures are of channels, jobs and codes; nobody can be found in them.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from flask import Blueprint, Response, abort, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from channels.channel import expects_deliveries
from intake.spool import Contents, Spool
from intake.storage.database import Unavailable
from intake.storage.outbox import Job
from intake.storage.vitals import Promises, Vitals, Waits, take_vitals
from intake.web.context import runtime

metrics = Blueprint("metrics", __name__)

_CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@metrics.get("/metrics")
def show_metrics() -> Response:
    """The figures of this moment. While the database is away ``sahut_database_up`` is 0 and only the spool is told."""
    rt = runtime()
    if not _may_see(request.headers.get("Authorization", ""), rt.settings.metrics_tokens):
        abort(404)
    vitals: Vitals | None = None
    try:
        with rt.engine.begin() as connection:
            vitals = take_vitals(connection)
    except Unavailable:
        pass  # told by its own figure
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told([*_of_the_spool(Spool.of(rt).look()), *_of_the_database(vitals)]))
    return Response(generate_latest(registry), content_type=_CONTENT_TYPE)


def _may_see(given: str, tokens: Iterable[str]) -> bool:
    genuine = False
    for token in tokens:
        genuine |= hmac.compare_digest(f"Bearer {token}".encode(), given.encode("utf-8", "replace"))
    return genuine


class _Told(Collector):
    """Figures that are known already."""

    def __init__(self, told: list[Metric]) -> None:
        self._told = told

    def collect(self) -> Iterable[Metric]:
        return self._told


def _of_the_spool(spool: Contents) -> Iterator[Metric]:
    files = [("waiting", spool.waiting), ("refused", spool.refused), ("unreadable", spool.unreadable)]
    yield _by("spool_files", "Files in the spool of this host.", ["state"], [((state,), n) for state, n in files])
    yield _one(
        "spool_oldest_seconds", "How long the oldest file of this host's spool has waited.", spool.oldest_seconds
    )


def _of_the_database(vitals: Vitals | None) -> Iterator[Metric]:
    yield _one("database_up", "1 when the database answered.", 0 if vitals is None else 1)
    if vitals is None:
        return
    yield _by("accepted_last_hour", "Messages kept within the last hour.", ["channel"], _single(vitals.accepted))
    refused = CounterMetricFamily("sahut_refused", "Requests refused, by reason.", labels=["channel", "reason"])
    for (channel, reason), times in sorted(vitals.refused.items()):
        refused.add_metric([channel, reason], times)
    yield refused
    unread = {channel: held.unread for channel, held in vitals.quarantined.items()}
    yield _by("quarantined", "Requests that wait in quarantine.", ["channel"], _single(unread))
    stored = {channel: held.bytes for channel, held in vitals.quarantined.items()}
    yield _by("quarantine_bytes", "Bytes of all requests in quarantine.", ["channel"], _single(stored))
    limits = runtime().quarantine_limits
    shares = {channel: held.share(limits) for channel, held in vitals.quarantined.items()}
    yield _by("quarantine_share", "Of what the quarantine takes: 1 is full.", ["channel"], _single(shares))
    yield from _of_promises(vitals.promises)
    yield _by("replies_last_hour", "Replies promised within an hour.", ["gateway", "state"], vitals.replies.items())
    yield _by("segments_last_hour", "Parts of SMS of these replies.", ["gateway"], _single(vitals.segments))
    yield _by("errors_last_hour", "Errors of these replies.", ["gateway", "code"], vitals.errors.items())
    yield _waits("first_reply_seconds", "From a report of the last hour to our first word.", vitals.first_reply)
    yield _waits("first_answer_seconds", "From a report to an officer's answer of the last day.", vitals.first_answer)
    undelivered = {
        name: count
        for name, count in vitals.undelivered.items()
        if name in runtime().channels and expects_deliveries(runtime().channels[name])
    }
    yield _by("undelivered_in_a_row", "Replies a gateway took, and none arrived.", ["gateway"], _single(undelivered))
    yield _by("canary_age_seconds", "Since the last message to ourselves came back.", ["channel"],
              _single(vitals.canaries))  # fmt: skip


def _of_promises(promises: Mapping[Job, Promises]) -> Iterator[Metric]:
    oldest = {str(job): found.oldest_seconds for job, found in promises.items()}
    yield _by("oldest_promise_seconds", "How long the oldest has been due that nobody holds.", ["job"], _single(oldest))
    waiting = {str(job): found.waiting for job, found in promises.items()}
    yield _by("promises_waiting", "Promises due that nobody holds, up to 1,000.", ["job"], _single(waiting))
    parked = {str(job): found.parked for job, found in promises.items()}
    yield _by("promises_parked", "Promises put aside for a person.", ["job"], _single(parked))


def _single(figures: Mapping[str, float]) -> list[tuple[tuple[str], float]]:
    return [((label,), figure) for label, figure in figures.items()]


def _by(name: str, meaning: str, labels: list[str], figures: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    metric = GaugeMetricFamily(f"sahut_{name}", meaning, labels=labels)
    for values, figure in sorted(figures):
        metric.add_metric(list(values), figure)
    return metric


def _one(name: str, meaning: str, figure: float) -> Metric:
    return GaugeMetricFamily(f"sahut_{name}", meaning, value=figure)


def _waits(name: str, meaning: str, waits: Waits) -> Metric:
    known = {label: figure for label, figure in (("0.5", waits.half), ("0.95", waits.most)) if figure is not None}
    return _by(name, meaning, ["quantile"], _single(known))
