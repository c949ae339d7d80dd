"""``sahut canary``: a message to ourselves by each channel."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from intake.canary import let_fly
from intake.commands.operate import opened


@click.command(epilog="Example: SAHUT_CANARIES=sms_kannel=1708,email_mime=lapor@example.go.id sahut canary")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def canary(*, as_json: bool) -> None:
    """Send one message to ourselves by every channel of SAHUT_CANARIES; for a timer.

    When it comes back is told by `sahut doctor` and /metrics. Exit code 1: one could not be sent.
    """
    with opened() as rt:
        if not rt.settings.canaries:
            click.echo("SAHUT_CANARIES names no channel", err=True)
            sys.exit(2)
        flights = list(let_fly(rt))
    if as_json:
        click.echo(json.dumps({"canaries": [asdict(flight) for flight in flights]}))
    else:
        for flight in flights:
            click.echo(f"{flight.channel}: {'sent' if flight.sent else flight.reason}")
    sys.exit(0 if all(flight.sent for flight in flights) else 1)
