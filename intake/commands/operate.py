"""Commands for whoever runs the house: migrations, parked work, quarantine, desks, figures."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Connection, text

from channels.channel import Misconfigured, Unreadable
from intake.runtime import Runtime, open_runtime
from intake.storage import outbox, regencies
from intake.storage import quarantine as kept_requests
from intake.storage.migrate import upgrade

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object, for scripts.")


@contextmanager
def opened() -> Iterator[Runtime]:
    """A runtime for one command; faults of the settings are printed, exit code 2."""
    try:
        rt = open_runtime()
    except Misconfigured as wrong:
        for fault in wrong.faults:
            click.echo(fault, err=True)
        sys.exit(2)
    try:
        yield rt
    finally:
        rt.engine.dispose()


@click.command(epilog="Examples: sahut release | sahut release --parked deliver | sahut release --parked all")
@click.option("--parked", "kind", metavar="KIND", help="Let parked work of this kind (or `all`) go on.")
@click.option("--id", "subject_id", type=int, help="Only this one.")
@_AS_JSON
def release(kind: str | None, subject_id: int | None, *, as_json: bool) -> None:
    """Bring the database to the tables of this release (safe on several hosts at once), or release parked work."""
    with opened() as rt:
        if kind is None:
            upgrade(rt.settings.database_url)
            click.echo(json.dumps({"migrated": True}) if as_json else "The database is at this release.")
            return
        with rt.engine.begin() as connection:
            released = outbox.release(connection, job=None if kind == "all" else kind, subject_id=subject_id)
    click.echo(json.dumps({"released": released}) if as_json else f"{released} released.")


@click.command(epilog="Example: sahut parked --json")
@_AS_JSON
def parked(*, as_json: bool) -> None:
    """List work that was put aside. Exit code 1 when there is some."""
    with opened() as rt, rt.engine.connect() as connection:
        found = outbox.parked(connection)
    if as_json:
        rows = [
            {
                "job": p.job,
                "id": p.subject_id,
                "attempts": p.attempts,
                "parked_at": p.parked_at.isoformat(),
                "error": p.last_error,
            }
            for p in found
        ]
        click.echo(json.dumps({"parked": rows}))
    elif not found:
        click.echo("Nothing is parked.")
    else:
        for p in found:
            click.echo(
                f"{p.job} {p.subject_id}  after {p.attempts} attempts, {p.parked_at:%Y-%m-%d %H:%M} UTC\n    {p.last_error}"
            )
        click.echo("Release with: sahut release --parked KIND [--id ID]")
    sys.exit(1 if found else 0)


@click.group()
def quarantine() -> None:
    """Genuine requests that could not be read, kept as they came."""


@quarantine.command("list")
@_AS_JSON
def list_quarantine(*, as_json: bool) -> None:
    """What waits there. Exit code 1 when there is something."""
    with opened() as rt, rt.engine.connect() as connection:
        found = kept_requests.waiting(connection)
    if as_json:
        rows = [
            {
                "id": k.id,
                "channel": k.channel,
                "reason": k.reason,
                "times": k.times,
                "received_at": k.received_at.isoformat(),
            }
            for k in found
        ]
        click.echo(json.dumps({"quarantine": rows}))
    else:
        for k in found:
            click.echo(f"{k.id}  {k.channel}  {k.received_at:%Y-%m-%d %H:%M} UTC  x{k.times}  {k.reason}")
    sys.exit(1 if found else 0)


@quarantine.command("replay", epilog="Example: sahut quarantine replay 17")
@click.argument("kept_id", type=int)
def replay_one(kept_id: int) -> None:
    """Read a kept request again, with this release. Exit code 1 when it still cannot be read."""
    from intake.receive import replay

    with opened() as rt:
        try:
            received = replay(rt, kept_id)
        except Unreadable as why:
            click.echo(f"still unreadable: {why}", err=True)
            sys.exit(1)
    click.echo(f"{received.ack}: message {received.remembered.message_id if received.remembered else '-'}")


@quarantine.command(
    "give-up",
    epilog="Examples: sahut quarantine give-up 17 18 --yes | sahut quarantine give-up --channel sms_kannel --days-ago 30",
)
@click.argument("kept_ids", nargs=-1, type=int)
@click.option("--channel", help="All of this channel that came before --days-ago.")
@click.option("--days-ago", type=click.IntRange(0), help="Those that came before so many days; with --channel.")
@click.option("--yes", is_flag=True, help="Do it; without this it is only said how many would go.")
def give_up(kept_ids: tuple[int, ...], channel: str | None, days_ago: int | None, *, yes: bool) -> None:
    """Delete kept requests that nobody will read. It cannot be undone; they are counted as refused: given_up."""
    if bool(kept_ids) == (channel is not None) or (channel is None) != (days_ago is None):
        raise click.UsageError("name numbers, or --channel and --days-ago")
    which = (
        "id = any(:ids)" if kept_ids else "channel = :channel and received_at < now() - make_interval(days => :days)"
    )
    with opened() as rt, rt.engine.connect() as connection:
        gone = kept_requests.give_up(
            connection, which, {"ids": list(kept_ids), "channel": channel, "days": days_ago or 0}
        )
        if yes:
            connection.commit()
    click.echo(
        f"{gone} requests are given up." if yes else f"{gone} would be given up. Say --yes; it cannot be undone."
    )


@click.command(epilog="Example: sahut desk 16.03 webhook --set url=https://lapor.example.go.id/masuk --set secret=...")
@click.argument("regency")
@click.argument("kind", type=click.Choice(["inbox", "webhook", "email"]))
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A setting of the desk; may be repeated.")
def desk(regency: str, kind: str, values: tuple[str, ...]) -> None:
    """Set how a regency is reached, beside its inbox here."""
    from channels.registry import open_desk

    config: dict[str, object] = {}
    for value in values:
        name, separator, rest = value.partition("=")
        if not separator:
            msg = f"{name}: write NAME=VALUE"
            raise click.BadParameter(msg)
        config[name] = rest
    with opened() as rt:
        if kind != "inbox":
            try:
                open_desk(kind, {k: str(v) for k, v in config.items()}, rt.settings.environ)
            except Misconfigured as wrong:
                for fault in wrong.faults:
                    click.echo(fault, err=True)
                sys.exit(2)
        with rt.engine.begin() as connection:
            if not regencies.configure_desk(connection, regency, kind, config):
                click.echo(f"there is no regency {regency}", err=True)
                sys.exit(1)
    click.echo(f"{regency}: {kind}")


def _grouped(connection: Connection, statement: str) -> dict[str, int]:
    return {row.key: row.n for row in connection.execute(text(statement))}


@click.command(epilog="Example: sahut stats --json")
@_AS_JSON
def stats(*, as_json: bool) -> None:
    """Count messages, reports by state, replies by state, promises."""
    with opened() as rt, rt.engine.connect() as connection:
        figures: dict[str, object] = {
            "messages": connection.execute(text("select count(*) from message")).scalar_one(),
            "reports": {
                r.state: r.n for r in connection.execute(text("select state, count(*) n from report group by 1"))
            },
            "replies": {
                r.state: r.n for r in connection.execute(text("select state, count(*) n from reply group by 1"))
            },
            "promises": {r.job: r.n for r in connection.execute(text("select job, count(*) n from outbox group by 1"))},
            "refused": {f"{c}/{why}": n for (c, why), n in kept_requests.refusals(connection).items()},
        }
    if as_json:
        click.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        click.echo(f"{name}: {value if isinstance(value, int) else ''}")
        if isinstance(value, dict):
            for key, count in sorted(value.items()):
                click.echo(f"    {key}: {count}")
