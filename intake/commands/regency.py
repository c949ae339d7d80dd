"""What a regency sets for itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from channels.gsm import plan
from intake.commands.operate import opened
from intake.storage import regency_settings
from intake.understand.classify.taxonomy import UnknownAuthority, UnknownTopic, UnknownUnit
from intake.understand.locate import regencies
from intake.wording import Occasion, emergency

_SURE = click.FloatRange(0, 1)
_LONGEST = Occasion("sms", "WWW-WWWW")


@click.command(epilog="Example: sahut regency 16.03 --emergency '112 (darurat), 0734 000000 (BPBD)'")
@click.argument("code")
@click.option(
    "--emergency", "numbers", metavar="NUMBERS", help="The numbers to call in danger there; '' for the national."
)
@click.option(
    "--taxonomy", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help='JSON of what differs: {"units": {key: {"name": ...}}, "topics": {code: {"unit": key}}}.',
)  # fmt: skip
@click.option(
    "--least-place", type=_SURE, metavar="0-1", help="How sure of the place a report must be to go there unseen."
)
@click.option("--least-topic", type=_SURE, metavar="0-1", help="The same of the topic.")
@click.option("--own-verification/--no-own-verification", "itself", default=None, help="A person there looks first.")
@click.option("--reopen-days", type=click.IntRange(1, 250), help="Working days in which a citizen may reopen a report.")
@click.option(
    "--publish", type=click.Choice(["on", "off"]), help="A public list of masked reports that officers let through."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object with what is set now.")
def regency(
    code: str,
    numbers: str | None,
    file: Path | None,
    least_place: float | None,
    least_topic: float | None,
    itself: bool | None,
    reopen_days: int | None,
    publish: str | None,
    *,
    as_json: bool,
) -> None:
    """Set what a regency has of its own: numbers, units, how reports get there, its public list; or show it."""
    if code not in regencies():
        msg = f"there is no regency {code}"
        raise click.BadParameter(msg, param_hint="CODE")
    if numbers and plan(emergency(_LONGEST, numbers=numbers).text).segments > 1:
        msg = "too long: the text with these numbers has to fit one SMS"
        raise click.BadParameter(msg, param_hint="--emergency")
    with opened() as rt, rt.engine.begin() as connection:
        if numbers is not None:
            regency_settings.set_emergency_numbers(connection, code, numbers.strip() or None)
        if file is not None:
            try:
                regency_settings.set_taxonomy(connection, code, json.loads(file.read_text(encoding="utf-8")))
            except (ValueError, AttributeError, UnknownTopic, UnknownUnit, UnknownAuthority) as wrong:
                click.echo(f"not usable: {type(wrong).__name__}: {wrong}", err=True)
                sys.exit(2)
        if publish is not None:
            regency_settings.set_publishes(connection, code, on=publish == "on")
        before = regency_settings.read_own(connection, [code])[code]
        if least_place is not None or least_topic is not None or itself is not None:
            regency_settings.set_verification(
                connection, code, least_place=before.least_place if least_place is None else least_place or None,
                least_topic=before.least_topic if least_topic is None else least_topic or None,
                itself=before.verifies_itself if itself is None else itself,
            )  # fmt: skip
        if reopen_days is not None:
            regency_settings.set_reopen_days(connection, code, reopen_days)
        own = regency_settings.read_own(connection, [code])[code]
        units = sorted({t.unit.name for t in own.taxonomy.topics.values()})
        facts: dict[str, Any] = {
            "regency": code,
            "emergency_numbers": own.emergency_numbers,
            "publishes": regency_settings.publishes(connection, code),
            "least_place": own.least_place,
            "least_topic": own.least_topic,
            "own_verification": own.verifies_itself,
            "reopen_days": own.reopen_days,
            "units": units,
        }
    if as_json:
        click.echo(json.dumps(facts))
        return
    click.echo(f"{regencies()[code].name}\nin danger: {own.emergency_numbers or 'the national numbers'}")
    click.echo(
        f"goes there unseen: place from {own.least_place or 'as usual'}, topic from {own.least_topic or 'as usual'}"
    )
    click.echo(
        f"own verification: {'yes' if own.verifies_itself else 'no'}\nmay be reopened: {own.reopen_days} working days"
    )
    click.echo(f"public list: {'on' if facts['publishes'] else 'off'}")
    for unit in units:
        click.echo(f"    {unit}")
