"""Working days and promised days from the command line: what differs from the national rule, and computing anew."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click

from intake.commands.operate import opened
from intake.domain.calendar import UnusableOverrides
from intake.domain.deadline import AlarmStep
from intake.domain.sla import ALL, UnusableSla
from intake.storage import deadlines as kept
from intake.storage import regency_settings, reminders
from intake.understand.locate import regencies

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
    code = _code_of(regency)
    with opened() as rt, rt.engine.begin() as connection, _told_of_faults():
        reminders.set_mailbox(connection, code, _STEPS[who], address)
    click.echo(f"{regency}, {who}: {'a mailbox is set' if address else 'none'}")


@deadlines.command("tell", epilog="Example: sahut deadlines tell 16.03 head 0811-0000-0001 --by sms")
@click.argument("regency")
@click.argument("who", type=click.Choice(sorted(_STEPS)))
@click.argument("address")
@click.option("--by", "medium", type=click.Choice(reminders.MEDIA), default="email", show_default=True)
@click.option("--unit", default="", metavar="NAME", help="Only of the reports of this unit.")
@click.option("--stop", is_flag=True, help="They hear no more.")
def tell(regency: str, who: str, address: str, medium: reminders.Medium, unit: str, *, stop: bool) -> None:
    """Let a person hear of the deadlines of a regency, once a day. `pusat` is the central desk."""
    code = _code_of(regency)
    hearer = reminders.Hearer(_STEPS[who], medium, address, unit)
    with opened() as rt, rt.engine.begin() as connection, _told_of_faults():
        known = {found.name for found in regency_settings.taxonomy_of(connection, code or None).units.values()}
        if unit and unit not in known:
            click.echo(f"{regency} has no unit called so; see: sahut regency {regency}", err=True)
            sys.exit(1)
        if stop and not reminders.remove_hearer(connection, code, hearer):
            click.echo("they did not hear of it", err=True)
            sys.exit(1)
        if not stop:
            reminders.add_hearer(connection, code, hearer)
    click.echo(f"{regency}, {who}: {'no longer told' if stop else f'told by {medium}'}")


@deadlines.command("who", epilog="Example: sahut deadlines who 16.03 --json")
@click.argument("regency")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, for scripts.")
def who(regency: str, *, as_json: bool) -> None:
    """Who hears of the deadlines of a regency, and by what."""
    code = _code_of(regency)
    with opened() as rt, rt.engine.connect() as connection:
        found = reminders.hearers_of(connection, code)
    names = {step: name for name, step in _STEPS.items()}
    if as_json:
        click.echo(
            json.dumps([{"who": names[h.step], "by": h.medium, "address": h.address, "unit": h.unit} for h in found])
        )
        return
    for hearer in found:
        click.echo(f"{names[hearer.step]:<8} {hearer.medium:<8} {hearer.address}  {hearer.unit}".rstrip())


def _code_of(regency: str) -> str:
    if regency != "pusat" and regency not in regencies():
        click.echo(f"there is no regency {regency}", err=True)
        sys.exit(1)
    return "" if regency == "pusat" else regency


@contextmanager
def _told_of_faults() -> Iterator[None]:
    try:
        yield
    except reminders.UnusableAddress as wrong:
        click.echo(str(wrong), err=True)
        sys.exit(2)
