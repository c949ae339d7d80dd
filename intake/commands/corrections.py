"""What officers corrected: as training data, and as a measure of the first guess."""

from __future__ import annotations

import csv
import hashlib
import json
import sys

import click

from intake.commands.operate import opened
from intake.labels import without_identities
from intake.storage import corrections as kept_corrections

_COLUMNS = ("id", "text", "regency", "type", "topic", "unit", "urgency", "not_a_report", "at")
#: A spreadsheet reads a cell that begins so as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@click.group()
def corrections() -> None:
    """Officers' corrections: labels for the next model."""


@corrections.command("export", epilog="Example: sahut corrections export --regency 16.03 > corrections.csv")
@click.option("--regency", metavar="CODE", help="Only reports that are there now.")
def export(regency: str | None) -> None:
    """Write them as CSV without identities (for `sahut train`): numbers, addresses, links and self-given names masked."""
    writer = csv.DictWriter(sys.stdout, _COLUMNS)
    writer.writeheader()
    with opened() as rt, rt.engine.connect() as connection:
        key = rt.settings.secret_keys[0].encode()
        for row in kept_corrections.labelled(connection, regency=regency):
            cells = {
                # A name that is stable between exports but leads nobody back to the report.
                "id": hashlib.blake2b(str(row.report_id).encode(), key=key[:64], digest_size=8).hexdigest(),
                "text": without_identities(row.said), "regency": row.regency, "type": row.type, "topic": row.topic,
                "unit": row.unit, "urgency": row.urgency, "not_a_report": row.not_a_report,
                "at": row.at.date().isoformat(),
            }  # fmt: skip
            writer.writerow({name: _cell(value) for name, value in cells.items()})


def _cell(value: str | None) -> str:
    text = value or ""
    return f"'{text}" if text.startswith(_FORMULA) else text


@click.command(epilog="Example: sahut quality --regency 16.03 --json")
@click.option("--regency", metavar="CODE", help="Only reports that were first guessed to be there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for scripts.")
def quality(regency: str | None, *, as_json: bool) -> None:
    """How often the first guess was kept, of the reports officers have worked on."""
    with opened() as rt, rt.engine.connect() as connection:
        found = kept_corrections.quality(connection, regency=regency)
    if as_json:
        click.echo(json.dumps({each.field: {"guessed": each.guessed, "kept": each.kept} for each in found}))
        return
    for each in found:
        share = f"{100 * each.kept / each.guessed:.1f}".replace(".", ",")
        click.echo(f"{each.field:10} {each.kept} of {each.guessed} kept ({share} %)")
