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
    "--publish", type=click.Choice(["on", "off"]), help="A public list of masked reports that officers let through."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object with what is set now.")
def regency(code: str, numbers: str | None, file: Path | None, publish: str | None, *, as_json: bool) -> None:
    """Set the emergency numbers, the units and their topics, or the public list of a regency; without options show them."""
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
        facts: dict[str, Any] = {
            "regency": code,
            "emergency_numbers": regency_settings.emergency_numbers(connection, code),
            "publishes": regency_settings.publishes(connection, code),
            "units": sorted({t.unit.name for t in regency_settings.taxonomy_of(connection, code).topics.values()}),
        }
    if as_json:
        click.echo(json.dumps(facts))
        return
    click.echo(f"{regencies()[code].name}\nin danger: {facts['emergency_numbers'] or 'the national numbers'}")
    click.echo(f"public list: {'on' if facts['publishes'] else 'off'}")
    for unit in facts["units"] or ():
        click.echo(f"    {unit}")
