"""``sahut gateways``: how the gateways do that stand in for each other, and one of them pinned by hand."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from typing import Final

import click

from intake.commands.operate import opened
from intake.domain.gateway import Gateway
from intake.gateways import silent
from intake.runtime import Runtime
from intake.storage import gateways as kept
from intake.storage.gateways import GatewayState, Tally
from intake.storage.people import family_of

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object, for scripts.")
_TALLIED: Final = timedelta(hours=1)


@click.group()
def gateways() -> None:
    """The gateways of SAHUT_GATEWAYS: which carry messages now, and which an operator wants."""


@gateways.command("list", epilog="Example: sahut gateways list --json")
@_AS_JSON
def list_gateways(*, as_json: bool) -> None:
    """All of them, with what they did in the last hour. Exit code 1 when one is down, or takes what never arrives."""
    with opened() as rt:
        found = _read(rt)
        with rt.engine.connect() as connection:
            quiet = silent(rt, connection)
    if as_json:
        shown = [{**_as_json(*each), "undelivered_in_a_row": quiet.get(each[0].name, 0)} for each in found]
        click.echo(json.dumps({"gateways": shown}))
    elif not found:
        click.echo("SAHUT_GATEWAYS names none: every channel sends its own replies.")
    for gateway, state, tally in [] if as_json else found:
        rate = "any rate" if gateway.segments_per_second is None else f"{gateway.segments_per_second:g} segments/s"
        click.echo(f"{gateway.name}  {_word(state)}  weight {gateway.weight}  {rate}")
        click.echo(
            f"    last hour: {tally.given} given, {tally.segments} segments, {tally.delivered} delivered, "
            f"{tally.failed} failed, {tally.uncertain} uncertain"
        )
        if gateway.name in quiet:
            click.echo(f"    took {quiet[gateway.name]} replies in a row of which no receipt says that they arrived")
    sys.exit(0 if all(state.is_up and gateway.name not in quiet for gateway, state, _ in found) else 1)


@gateways.command("state", epilog="Example: sahut gateways state sms_kannel")
@click.argument("name")
@_AS_JSON
def show_state(name: str, *, as_json: bool) -> None:
    """One of them. Exit code 1 when it is down."""
    with opened() as rt:
        gateway = _named(rt, name)
        (found,) = [each for each in _read(rt) if each[0] == gateway]
    _, state, _ = found
    if as_json:
        click.echo(json.dumps(_as_json(*found)))
    else:
        click.echo(f"{name}: {_word(state)}")
        if state.down_since is not None and state.probe_in is not None:
            click.echo(
                f"    down since {_moment(state.down_since)}, tried again in {state.probe_in.total_seconds():.0f} s"
            )
        if state.pinned_at is not None:
            click.echo(f"    pinned since {_moment(state.pinned_at)}: nothing of its kind leaves by another")
        click.echo(f"    failures since its last success: {state.failures}")
    sys.exit(0 if state.is_up else 1)


@gateways.command("pin", epilog="Example: sahut gateways pin sms_kannel_b")
@click.argument("name")
def pin(name: str) -> None:
    """From now on everything that can leave by this gateway does, whatever its state. The others of its kind rest."""
    with opened() as rt:
        gateway = _named(rt, name)
        with rt.engine.begin() as connection:
            for other in rt.settings.gateways:
                if other != gateway and family_of(other.name) == family_of(name):
                    kept.unpin(connection, other.name)
            kept.pin(connection, name)
    click.echo(f"{name} is pinned. Undo: sahut gateways unpin {name}")


@gateways.command("unpin", epilog="Example: sahut gateways unpin sms_kannel_b")
@click.argument("name")
def unpin(name: str) -> None:
    """Let states and weights decide again. Exit code 1 when it was not pinned."""
    with opened() as rt, rt.engine.begin() as connection:
        was_pinned = kept.unpin(connection, name)
    click.echo(f"{name} is not pinned{' any more' if was_pinned else ''}.")
    sys.exit(0 if was_pinned else 1)


def _named(rt: Runtime, name: str) -> Gateway:
    found = next((each for each in rt.settings.gateways if each.name == name), None)
    if found is None:
        known = ", ".join(each.name for each in rt.settings.gateways) or "none"
        msg = f"{name} is not in SAHUT_GATEWAYS (there: {known})"
        raise click.BadParameter(msg)
    return found


def _read(rt: Runtime) -> list[tuple[Gateway, GatewayState, Tally]]:
    with rt.engine.connect() as connection:
        states = kept.read_states(connection, [each.name for each in rt.settings.gateways])
        tallies = kept.tally(connection, last=_TALLIED)
    return [(each, states[each.name], tallies.get(each.name, Tally())) for each in rt.settings.gateways]


def _word(state: GatewayState) -> str:
    word = "up" if state.is_up else "being tried" if state.good_probes else "down"
    return f"{word}, pinned" if state.pinned_at else word


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _as_json(gateway: Gateway, state: GatewayState, tally: Tally) -> dict[str, object]:
    return {
        "name": gateway.name,
        "state": _word(state).partition(",")[0].replace(" ", "_"),
        "pinned_at": state.pinned_at and state.pinned_at.isoformat(),
        "down_since": state.down_since and state.down_since.isoformat(),
        "probe_in_seconds": None if state.probe_in is None else round(state.probe_in.total_seconds(), 1),
        "failures": state.failures,
        "weight": gateway.weight,
        "segments_per_second": gateway.segments_per_second,
        "last_hour": {
            "given": tally.given,
            "segments": tally.segments,
            "delivered": tally.delivered,
            "failed": tally.failed,
            "uncertain": tally.uncertain,
        },
    }
