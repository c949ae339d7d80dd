"""``sahut reconcile`` and ``sahut restored``: is what providers received for us all here, and after a backup too?"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click

from channels.channel import Channel, FindsSent
from channels.mail_imap import read_imap_server
from channels.variables import Variables
from intake.commands.operate import opened
from intake.reconcile import Account, sources
from intake.reconcile import reconcile as hold_against
from intake.restored import go_on_after_restore

_COLUMNS = ("there", "here", "fetched", "missing")


@click.command(epilog="Examples: sahut reconcile | sahut reconcile --days 7 --channel sms_twilio --no-fetch --json")
@click.option("--days", type=click.IntRange(1, 400), default=2, show_default=True, help="How far to look back.")
@click.option("--channel", "only", multiple=True, metavar="NAME", help="Only this one; may be repeated.")
@click.option(
    "--fetch/--no-fetch", default=True, help="Whether to take in what was missed (default), or only to say so."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def reconcile(days: int, only: tuple[str, ...], *, fetch: bool, as_json: bool) -> None:
    """Hold what providers say they received for us against what we have, by day and channel; fetch what we missed.

    Exit code 0: all of it is here (now); 1: something is missing, or a provider could not be asked.
    """
    with opened() as rt:
        variables = Variables(os.environ, "EMAIL_IMAP_URL")
        mailbox = read_imap_server(variables, "EMAIL_IMAP_URL")
        variables.raise_faults()
        asked = sources(rt, mailbox)
        unknown = [name for name in only if name not in asked]
        if unknown:
            there_is = ", ".join(asked) or "none"
            msg = f"{', '.join(unknown)}: not configured, or its provider lists nothing; there is {there_is}"
            raise click.BadParameter(msg, param_hint="--channel")
        chosen = {name: source for name, source in asked.items() if not only or name in only}
        account = hold_against(rt, chosen, since=datetime.now(UTC) - timedelta(days=days), fetch=fetch)
    if as_json:
        lines = [{**asdict(line), "day": line.day.isoformat()} for line in account.lines]
        click.echo(json.dumps({"lines": lines, "unreachable": account.unreachable}))
    else:
        show(account)
    sys.exit(0 if account.is_settled else 1)


def show(account: Account) -> None:
    """The lines as a table, and who could not be asked."""
    click.echo(f"{'day':<11}{'channel':<18}" + "".join(f"{name:>9}" for name in _COLUMNS))
    for line in account.lines:
        figures = "".join(f"{getattr(line, name):>9}" for name in _COLUMNS)
        click.echo(f"{line.day.isoformat():<11}{line.channel:<18}{figures}")
    if not account.lines:
        click.echo("nothing was received in this time")
    for channel, why in account.unreachable.items():
        click.echo(f"{channel}: not asked: {why}", err=True)


@click.command(
    epilog="Example: systemctl stop 'sahut-*'; pg_restore ...; sahut release; sahut restored; sahut reconcile"
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def restored(*, yes: bool, as_json: bool) -> None:
    """Make a database that was restored from a backup safe to use, while nothing of Sahut runs.

    Numbers given out since the backup are not given out again, and replies that may have left since are asked for at the
    provider before they are sent.
    """
    with opened() as rt:
        if not (yes or as_json):
            click.confirm("Is this database restored from a backup, and is everything of Sahut stopped?", abort=True)
        with rt.engine.begin() as connection:
            done = go_on_after_restore(connection)
        silent = {name: count for name, count in done.asked_of.items() if not _can_be_asked(rt.channels.get(name))}
    if as_json:
        click.echo(json.dumps({**asdict(done), "perhaps_twice": silent}))
        return
    click.echo(f"{done.sequences} sequences skip ahead, {done.replies} replies are asked for before they are sent.")
    click.echo(f"{done.unread} messages are read (again); what is said on them is asked for first, too.")
    for name, count in silent.items():
        click.echo(f"{name} cannot be asked: of up to {count} people some hear the same a second time.", err=True)
    click.echo("Start the web application, run `sahut reconcile`, then start relay and workers.")


def _can_be_asked(channel: Channel | None) -> bool:
    """Whether a reply by this channel is sent once for sure: on the web nothing is sent."""
    return channel is not None and (channel.medium == "web" or isinstance(channel, FindsSent))
