"""What every door of the house needs, opened once: settings, database, channels, clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Engine

from channels.channel import Channel, Misconfigured
from channels.registry import open_channels
from intake import logs
from intake.settings import Settings
from intake.storage.database import open_engine
from intake.storage.quarantine import Limits, Refusals
from intake.storage.together import Together
from intake.traces import NoTraces, Traces, open_traces


@dataclass(frozen=True, slots=True)
class Runtime:
    """Handed to whatever does something; tests make their own."""

    settings: Settings
    engine: Engine
    channels: Mapping[str, Channel]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    together: Together = field(default_factory=Together)
    refusals: Refusals = field(default_factory=Refusals)
    quarantine_limits: Limits = field(default_factory=Limits)
    traces: Traces = field(default_factory=NoTraces)


def open_runtime(environ: Mapping[str, str] = os.environ, *, by_keys: bool = False) -> Runtime:
    """Read the settings, open engine (``by_keys``: ``database.open_engine``) and channels. Raises Misconfigured with the
    faults of all of them.
    """
    faults: list[str] = []
    settings: Settings | None = None
    channels: Mapping[str, Channel] = {}
    try:
        settings = Settings.from_environ(environ)
    except Misconfigured as wrong:
        faults.extend(wrong.faults)
    try:
        channels = open_channels(environ, public_url=environ.get("PUBLIC_URL", "").rstrip("/"))
    except Misconfigured as wrong:
        faults.extend(wrong.faults)
    traces: Traces = NoTraces()
    try:
        traces = open_traces(environ)
    except Misconfigured as wrong:
        faults.extend(wrong.faults)
    if settings is not None and channels:
        faults.extend(
            f"SAHUT_GATEWAYS: {gateway.name} is no channel that is configured"
            for gateway in settings.gateways
            if gateway.name not in channels
        )
    if faults or settings is None:
        raise Misconfigured(faults)
    logs.configure(settings.log_level)
    return Runtime(settings, open_engine(settings.database_url, by_keys=by_keys), channels, traces=traces)
