"""Working days and promised days from the command line: what differs from the national rule, and computing anew."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import click

from intake.commands.operate import opened
from intake.domain.calendar import UnusableOverrides
from intake.domain.deadline import AlarmStep
from intake.domain.sla import ALL, UnusableSla
from intake.storage import deadlines as kept

_STEPS = {"officer": AlarmStep.REMIND_OFFICER, "head": AlarmStep.REMIND_HEAD, "leader": AlarmStep.TELL_LEADER}
_BATCH = 500


@click.group()
def deadlines() -> None:
    """Working days, promised days, and who is reminded."""


@deadlines.command("recompute", epilog="Example: sahut deadlines recompute --all")
@click.option("--all", "everything", is_flag=True, help="Every open report, not only those of an older calendar.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for scripts.")
def recompute(*, everything: bool, as_json: bool) -> None:
    """Compute the deadlines of open reports again: after a new release of the holidays, a decree, a changed figure."""
    with opened() as rt:
        with rt.engine.connect() as connection:
            waiting = list(kept.outdated(connection, everything=everything))
        for start in range(0, len(waiting), _BATCH):
            with rt.engine.begin() as connection:
                kept.refresh_many(connection, waiting[start : start + _BATCH])
        with rt.engine.connect() as connection:
            version = kept.rules(connection).calendar.version
    said = {"recomputed": len(waiting), "calendar": version}
    click.echo(json.dumps(said) if as_json else f"{len(waiting)} recomputed by calendar {version}.")


@deadlines.command("day", epilog="Example: sahut deadlines day 2026-12-24 off --note 'Cuti bersama' --region 16.03")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("what", type=click.Choice(["off", "working"]))
@click.option("--note", required=True, help="The reason, as officers read it.")
@click.option("--region", default="", metavar="CODE", help="A province or regency; the whole country without it.")
def day(day: datetime, what: str, note: str, region: str) -> None:
    """Say that a day is other than the yearly decree has it. Then: sahut deadlines recompute."""
    with opened() as rt, rt.engine.begin() as connection:
        try:
            kept.set_day(connection, day.date(), working=what == "working", note=note, region=region)
        except UnusableOverrides as wrong:
            for fault in wrong.faults:
                click.echo(fault, err=True)
            sys.exit(2)
    click.echo(f"{day:%Y-%m-%d} {region or 'everywhere'}: {what}. Now run: sahut deadlines recompute")


@deadlines.command("sla", epilog="Example: sahut deadlines sla 16.03 --class tidak_berkadar --set finish_days=10")
@click.argument("region")
@click.option("--class", "report_class", default=ALL, metavar="CLASS", help="informasi, tidak_berkadar or berkadar.")
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A figure; may be repeated. None: as usual.")
def sla(region: str, report_class: str, values: tuple[str, ...]) -> None:
    """What a region (or `*`) promises otherwise. Then: sahut deadlines recompute --all."""
    changes: dict[str, object] = {}
    for value in values:
        name, _, figure = value.partition("=")
        changes[name] = int(figure) if figure.isdecimal() else figure
    with opened() as rt, rt.engine.begin() as connection:
        try:
            kept.set_sla(connection, region, report_class, changes)
        except UnusableSla as wrong:
            for fault in wrong.faults:
                click.echo(fault, err=True)
            sys.exit(2)
    click.echo(f"{region} {report_class}: {len(changes)} changed. Now run: sahut deadlines recompute --all")


@deadlines.command("mailbox", epilog="Example: sahut deadlines mailbox 16.03 leader sekda@muaraenim.example.id")
@click.argument("regency")
@click.argument("who", type=click.Choice(sorted(_STEPS)))
@click.argument("address", default="")
def mailbox(regency: str, who: str, address: str) -> None:
    """To which address the daily letter of reminders goes; without an address none. `pusat` is the central desk."""
    from intake.understand.locate import regencies

    if regency != "pusat" and regency not in regencies():
        click.echo(f"there is no regency {regency}", err=True)
        sys.exit(1)
    with opened() as rt, rt.engine.begin() as connection:
        kept.set_address(connection, "" if regency == "pusat" else regency, _STEPS[who], address)
    click.echo(f"{regency}, {who}: {'a mailbox is set' if address else 'none'}")
