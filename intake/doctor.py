"""Looks at everything an installation needs, without changing anything or sending anything to anybody.

A finding never holds a secret, a number or an address of a person: names of settings and channels, figures, and kinds of
faults. What is checked is what operators of such systems found out too late.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from alembic.script import ScriptDirectory
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from channels.channel import Misconfigured, Probes, SendFailed, Unreachable
from intake import gateways
from intake.runtime import Runtime, open_runtime
from intake.spool import Spool
from intake.storage import attachments, migrate, outbox, quarantine, regencies
from intake.storage.vitals import canaries

Health = Literal["ok", "look", "broken"]

OLDEST_POSTGRES: Final = 150_000
CLOCKS_APART: Final = timedelta(seconds=5)
LEAST_FREE_BYTES: Final = 1024**3
OLDEST_PROMISE: Final = timedelta(minutes=1)
_MOST_TOLD: Final = 10
_YOUNG_CANARY: Final = 7200.0


@dataclass(frozen=True, slots=True)
class Finding:
    """``look``: it works, and somebody should look; ``broken``: something citizens rely on does not work."""

    what: str
    health: Health
    detail: str


def examine() -> list[Finding]:
    """All findings, in the order in which one would mend things. Never raises for what it looks at."""
    try:
        rt = open_runtime()
    except Misconfigured as wrong:
        return [Finding("settings", "broken", fault) for fault in wrong.faults]
    try:
        findings = [Finding("settings", "ok", f"{len(rt.channels)} channels: {', '.join(sorted(rt.channels))}")]
        findings += _look_at_database(rt)
        findings.append(_judge("redis", lambda: _look_at_redis(rt)))
        findings.append(_judge("disk", lambda: _look_at_disk(rt)))
        findings.append(_judge("attachments", lambda: _look_at_store(rt)))
        findings.append(_judge("spool", lambda: _look_at_spool(rt)))
        for name, channel in sorted(rt.channels.items()):
            if isinstance(channel, Probes):
                findings.append(_judge(f"channel {name}", lambda speaker=channel: _probe(speaker)))  # type: ignore[misc]
        return findings
    finally:
        rt.engine.dispose()


def _judge(what: str, look: Callable[[], tuple[Health, str]]) -> Finding:
    try:
        return Finding(what, *look())
    except Exception as fault:  # noqa: BLE001 - whatever breaks while we look is what we look for
        return Finding(what, "broken", type(fault).__name__)


def _look_at_database(rt: Runtime) -> Iterator[Finding]:
    try:
        with rt.engine.connect() as connection:
            checks: tuple[tuple[str, Callable[[Connection], tuple[Health, str]]], ...] = (
                ("database", _look_at_version),
                ("migrations", _look_at_migrations),
                ("durability", _look_at_durability),
                ("clock", _look_at_clock),
                ("promises", _look_at_promises),
                ("quarantine", lambda asked: _look_at_quarantine(rt, asked)),
                ("desks", _look_at_desks),
                ("receipts", lambda asked: _look_at_receipts(rt, asked)),
                ("canaries", lambda asked: _look_at_canaries(rt, asked)),
            )
            for what, look in checks:
                yield _judge(what, lambda ask=look: ask(connection))  # type: ignore[misc]
                connection.rollback()
    except SQLAlchemyError as away:
        yield Finding("database", "broken", f"cannot be reached: {type(away).__name__}")


def _look_at_version(connection: Connection) -> tuple[Health, str]:
    version = int(connection.execute(text("show server_version_num")).scalar_one())
    if version < OLDEST_POSTGRES:
        return "broken", f"PostgreSQL {version // 10_000}; 15 or newer is needed"
    return "ok", f"PostgreSQL {version // 10_000}.{version % 10_000}"


def _look_at_migrations(connection: Connection) -> tuple[Health, str]:
    ours = ScriptDirectory.from_config(migrate.config()).get_current_head()
    theirs = connection.execute(text("select version_num from alembic_version")).scalar_one_or_none()
    if theirs == ours:
        return "ok", f"{theirs}"
    return "broken", f"the database is at {theirs}, this release at {ours}: run sahut release"


def _look_at_durability(connection: Connection) -> tuple[Health, str]:
    """A database that answers before it has written may lose reports that were acknowledged."""
    settings = {
        name: str(connection.execute(text(f"show {name}")).scalar_one())
        for name in ("fsync", "synchronous_commit", "full_page_writes")
    }
    off = [name for name, value in settings.items() if value in {"off", "local"}]
    return ("broken", f"{', '.join(off)} off: what was acknowledged can be lost") if off else ("ok", "commits are kept")


def _look_at_clock(connection: Connection) -> tuple[Health, str]:
    there = connection.execute(text("select clock_timestamp()")).scalar_one()
    apart = abs(datetime.now(UTC) - there)
    seconds = f"{apart.total_seconds():.1f} s apart from the database's"
    return ("look", seconds) if apart > CLOCKS_APART else ("ok", seconds)


def _look_at_promises(connection: Connection) -> tuple[Health, str]:
    found = outbox.health(connection)
    detail = f"oldest {found.oldest.total_seconds():.0f} s, parked {found.parked}"
    if found.oldest > OLDEST_PROMISE:
        return "broken", f"{detail}: do relay and workers run?"
    return ("look", f"{detail}: see sahut parked") if found.parked else ("ok", detail)


def _look_at_quarantine(rt: Runtime, connection: Connection) -> tuple[Health, str]:
    """Full, it takes nothing more: what cannot be read stays with who sent it, as long as they keep it."""
    held = quarantine.held(connection)
    shares = {channel: each.share(rt.quarantine_limits) for channel, each in held.items()}
    full = [channel for channel, share in sorted(shares.items()) if share >= 1]
    if full:
        return "broken", f"full for {', '.join(full)}: read it (sahut quarantine list), replay or give up"
    told = ", ".join(
        f"{channel} {each.unread} unread, {shares[channel]:.0%} full" for channel, each in sorted(held.items())
    )
    unread = any(each.unread for each in held.values())
    return ("look", f"{told}: see sahut quarantine list") if unread else ("ok", told or "empty")


def _look_at_desks(connection: Connection) -> tuple[Health, str]:
    """Reports that lie open at a desk to which nobody comes, and desks that were set up and are nobody's."""
    alone = regencies.without_anybody(connection)
    if not alone:
        return "ok", "whoever has reports has somebody to receive them"
    told = [f"{each.regency} ({each.open_reports} open)" for each in alone[:_MOST_TOLD]]
    more = f" and {len(alone) - _MOST_TOLD} more" if len(alone) > _MOST_TOLD else ""
    return "look", f"no officer, webhook or mailbox for {', '.join(told)}{more}: sahut user add, or sahut desk"


def _look_at_receipts(rt: Runtime, connection: Connection) -> tuple[Health, str]:
    """A gateway that takes everything and delivers nothing looks well to whoever counts what it took."""
    silent = gateways.silent(rt, connection)
    if not silent:
        return "ok", "no gateway takes replies that never arrive"
    told = ", ".join(f"{name}: {count} replies in a row" for name, count in silent.items())
    return "look", f"taken, and no receipt that they arrived: {told}. Does its delivery hook reach us?"


def _look_at_canaries(rt: Runtime, connection: Connection) -> tuple[Health, str]:
    ages = canaries(connection)
    missing = [channel for channel in rt.settings.canaries if ages.get(channel, _YOUNG_CANARY + 1) > _YOUNG_CANARY]
    if missing:
        return "look", f"none came back within two hours by {', '.join(missing)}"
    return "ok", "all came back within two hours" if rt.settings.canaries else "SAHUT_CANARIES names none"


def _look_at_redis(rt: Runtime) -> tuple[Health, str]:
    client = Redis.from_url(rt.settings.redis_url, socket_timeout=5, socket_connect_timeout=5)
    try:
        client.ping()
    except RedisError as away:
        return "look", f"cannot be reached ({type(away).__name__}): workers look by themselves, a little later"
    finally:
        client.close()
    return "ok", "answers"


def _look_at_disk(rt: Runtime) -> tuple[Health, str]:
    rt.settings.data.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(rt.settings.data).free
    detail = f"{free / 1024**3:.1f} GiB free"
    return ("look", detail) if free < LEAST_FREE_BYTES else ("ok", detail)


def _look_at_store(rt: Runtime) -> tuple[Health, str]:
    """Writes eight bytes under a fixed name and reads them: keys that may only read are found out here."""
    store = attachments.Store(rt.settings.files_url)
    name = "d0c7" * 16
    store.put(name, b"sahut\r\n\0")
    return ("ok", "writes and reads") if store.get(name) == b"sahut\r\n\0" else ("broken", "reads something else")


def _look_at_spool(rt: Runtime) -> tuple[Health, str]:
    found = Spool.of(rt).look()
    detail = f"{found.waiting} wait, {found.refused} refused, {found.unreadable} unreadable"
    return ("look", detail) if found.waiting or found.refused or found.unreadable else ("ok", detail)


def _probe(channel: Probes) -> tuple[Health, str]:
    began = time.monotonic()
    try:
        channel.probe()
    except SendFailed as failed:
        return "broken", failed.reason
    except Unreachable as away:
        return "broken", str(away)
    return "ok", f"answers after {(time.monotonic() - began) * 1000:.0f} ms"
