"""``sahut doctor``: is everything there?"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from intake.doctor import Finding, examine

_SIGNS = {"ok": ("ok", "green"), "look": ("look", "yellow"), "broken": ("BROKEN", "red")}


@click.command(epilog="Example: sahut doctor --json | jq '.findings[] | select(.health != \"ok\")'")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with every finding.")
def doctor(*, as_json: bool) -> None:
    """Look at settings, database, migrations, clocks, disk, attachments, spool and gateways; nothing is sent to anybody.

    Exit code 0: all well, or something to look at; 1: something is broken.
    """
    findings = examine()
    broken = any(finding.health == "broken" for finding in findings)
    if as_json:
        click.echo(json.dumps({"healthy": not broken, "findings": [asdict(finding) for finding in findings]}))
    else:
        for finding in findings:
            show(finding)
    sys.exit(1 if broken else 0)


def show(finding: Finding) -> None:
    """One line."""
    word, colour = _SIGNS[finding.health]
    click.echo(f"{click.style(f'{word:<7}', fg=colour)} {finding.what:<24} {finding.detail}")
