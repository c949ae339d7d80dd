"""Why a report went where it went; and where open reports would go under this release."""

from __future__ import annotations

import json
import sys

import click
from sqlalchemy import text

from intake.commands.operate import opened
from intake.domain.reference import reference_of, report_id_of
from intake.domain.report import AT_REST
from intake.storage import messages, reports
from intake.understand.locate import FORM_CHOICE, OWN_LINE, Hints, compare, explain_in_words, locate, regencies
from intake.understand.locate.kept import location_from

#: Decided by a person's own word, not by the resolver: a new version has nothing to say about them.
_BY_A_PERSON = frozenset({"dipilih_pelapor", "dibenarkan_pelapor", "dijawab_pelapor"})


@click.command(epilog="Example: sahut explain 7K3-QX4M")
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="The whole decision as JSON.")
def explain(reference: str, *, as_json: bool) -> None:
    """Tell in two sentences of Indonesian why a report went where it went. Exit code 1 when there is no such report."""
    report_id = report_id_of(reference)
    with opened() as rt, rt.engine.connect() as connection:
        decision = None if report_id is None else reports.last_decision(connection, report_id)
    if decision is None:
        click.echo("there is no decision for this reference", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps({"action": decision.action, "why": decision.why, "location": decision.location}))
        return
    click.echo(explain_in_words(location_from(decision.location)))


@click.command(epilog="Example: sahut relocate --dry-run --json")
@click.option("--dry-run", is_flag=True, required=True, help="Only show; reports are moved by people.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a moved report.")
def relocate(*, dry_run: bool, as_json: bool) -> None:  # noqa: ARG001 - required so that nobody expects a move
    """Show which open reports this release's resolver would send elsewhere. Exit code 1 when there are some."""
    moved = looked = 0
    with opened() as rt, rt.engine.connect() as connection:
        open_ids = connection.execute(
            text("select id from report where state <> all(:rest) order by id"), {"rest": [str(s) for s in AT_REST]}
        ).scalars()
        for report_id in list(open_ids):
            before = reports.last_decision(connection, report_id)
            if before is None or before.why in _BY_A_PERSON:
                continue
            looked += 1
            said = messages.of_report(connection, report_id)
            words = "\n".join(part for message in said for part in (message.subject, message.text) if part)
            codes: tuple[tuple[str, float], ...] = ()
            if said and said[0].regency in regencies():
                codes = ((str(said[0].regency), FORM_CHOICE if said[0].channel == "web_form" else OWN_LINE),)
            move = compare(location_from(before.location), locate(words, hints=Hints(regencies=codes)))
            if not move.moved:
                continue
            moved += 1
            reference = reference_of(report_id)
            row = {"reference": reference, "before": move.before, "after": move.after}
            click.echo(json.dumps(row) if as_json else f"{reference}: {move.before} -> {move.after}")
    if not as_json:
        click.echo(f"{moved} of {looked} open reports would move.")
    sys.exit(1 if moved else 0)
