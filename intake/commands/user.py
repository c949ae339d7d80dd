"""Officers' accounts from the command line: for the first admin, and for the day nobody else can."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import click

from intake import accounts
from intake.accounts import Draft, Invited, NotUsable, NotYourPeople
from intake.commands.operate import opened
from intake.domain.password import WeakPassword
from intake.domain.permission import NATIONAL, ROLES, Role
from intake.runtime import Runtime
from intake.storage import audit, officers, regency_settings
from intake.storage.officers import Account

_WHY_WEAK = {
    "short": "the password needs at least 12 characters",
    "long": "the password is longer than 200 characters",
    "common": "the password is made of words that everybody tries first",
    "simple": "the password is a repetition or a row of keys",
}


@click.group()
def user() -> None:
    """Officers and their log-ins."""


def _role_of(role: str | None, regency: str | None, *, central: bool, leader: bool) -> Role:
    """The role that was asked for, by --role or by the flags."""
    if role is not None and not central and not leader:
        chosen = next(each for each in ROLES if each == role)
        if (chosen in NATIONAL) == bool(regency):
            msg = f"the role {chosen} is of {'the whole country' if chosen in NATIONAL else 'one regency (--regency)'}"
            raise click.UsageError(msg)
        return chosen
    if role is not None or central == bool(regency) or (central and leader):
        msg = "give either --regency CODE (with --leader or without), --central, or --role"
        raise click.UsageError(msg)
    return "central" if central else "leader" if leader else "regency"


def _check_places(rt: Runtime, role: Role, regency: str | None, unit: str | None) -> None:
    from intake.understand.locate import regencies

    if regency and regency not in regencies():
        msg = f"there is no regency {regency}"
        raise click.BadParameter(msg, param_hint="--regency")
    if (role == "unit") != bool(unit):
        msg = "--unit is for the role unit, and that needs it"
        raise click.UsageError(msg)
    if unit:
        with rt.engine.connect() as connection:
            units = regency_settings.taxonomy_of(connection, regency).units
        if unit not in units:
            msg = f"no unit of that regency: {unit} (it has {', '.join(units)})"
            raise click.BadParameter(msg, param_hint="--unit")


@user.command("add", epilog="Example: sahut user add siti --name 'Siti R.' --regency 16.03")
@click.argument("username")
@click.option("--name", required=True, help="As colleagues and the history show it.")
@click.option("--regency", metavar="CODE", help="The regency whose desk it is, e.g. 16.03.")
@click.option("--central", is_flag=True, help="For the central desk instead.")
@click.option("--leader", is_flag=True, help="With --regency: looks on (Bupati, Sekda), changes nothing.")
@click.option("--role", type=click.Choice(ROLES), help="Any role; without it that of the options above.")
@click.option("--unit", metavar="KEY", help="With --role unit: which unit of the regency, e.g. PUPR.")
@click.option("--email", metavar="ADDRESS", help="Where a link goes when the password is forgotten.")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, envvar="SAHUT_NEW_PASSWORD")
def add(
    username: str, name: str, regency: str | None, role: str | None, unit: str | None, email: str | None,
    *, central: bool, leader: bool, password: str,
) -> None:  # fmt: skip
    """Add an officer. The password is asked for (or taken from SAHUT_NEW_PASSWORD)."""
    chosen = _role_of(role, regency, central=central, leader=leader)
    with opened() as rt:
        _check_places(rt, chosen, regency, unit)
        with rt.engine.begin() as connection:
            try:
                made = officers.add(
                    connection, username=username, name=name, password=password, role=chosen, regency=regency,
                    unit=unit, email=email,
                )  # fmt: skip
            except WeakPassword as weak:
                click.echo(_WHY_WEAK[weak.why], err=True)
                sys.exit(2)
            if made is not None:
                audit.write(connection, "invited", about=made.id, detail={"role": made.role, "unit": made.unit})
    if made is None:
        click.echo(f"there is an officer {username} already", err=True)
        sys.exit(1)
    click.echo(f"{made.username} ({made.role}{f', {made.regency}' if made.regency else ''})")


@user.command(
    "invite", epilog="Example: sahut user invite siti --name 'Siti R.' --role unit --regency 16.03 --unit PUPR"
)
@click.argument("username")
@click.option("--name", required=True, help="As colleagues and the history show it.")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--regency", metavar="CODE", default="", help="For every role but central and operator, e.g. 16.03.")
@click.option("--unit", metavar="KEY", default="", help="For the role unit, e.g. PUPR.")
@click.option("--email", metavar="ADDRESS", default="", help="The link goes there; without it, it is printed.")
def invite(username: str, name: str, role: str, regency: str, unit: str, email: str) -> None:
    """Open an account whose owner chooses a password by a link, which is good once and for three days."""
    with opened() as rt:
        try:
            made = accounts.invite(rt, None, Draft(username, name, role, regency, unit, email))
        except NotUsable as wrong:
            reason = (
                f"there is an officer {username} already" if wrong.field == "taken" else f"not usable: {wrong.field}"
            )
            click.echo(reason, err=True)
            sys.exit(1 if wrong.field == "taken" else 2)
    _tell(made)


def _tell(made: Invited) -> None:
    click.echo(made.link or f"the link is on its way to {made.officer.username} by e-mail")


@user.command("link", epilog="Example: sahut user link siti")
@click.argument("username")
def link(username: str) -> None:
    """A new link to choose a password by: sent to the account's e-mail, or printed where it has none."""
    with opened() as rt:
        found = _find(rt, username)
        if not found.active:
            click.echo(f"the account {username} is closed", err=True)
            sys.exit(1)
        _tell(accounts.renew_link(rt, None, found.officer.id))


@user.command("close", epilog="Example: sahut user close siti --reason 'moved to another office'")
@click.argument("username")
@click.option("--reason", required=True, help="Kept in the audit.")
def close(username: str, reason: str) -> None:
    """Close an account at once. What it had in hand is given back."""
    with opened() as rt:
        found = _find(rt, username)
        given_back = accounts.close(rt, None, found.officer.id, reason=reason)
    click.echo(f"closed; {given_back} reports were given back")


@user.command("open", epilog="Example: sahut user open siti --reason 'back from leave'")
@click.argument("username")
@click.option("--reason", required=True, help="Kept in the audit.")
def open_(username: str, reason: str) -> None:
    """Open a closed account again; its owner chooses a new password by a link."""
    with opened() as rt:
        found = _find(rt, username)
        try:
            made = accounts.open_again(rt, None, found.officer.id, reason=reason)
        except NotYourPeople:
            click.echo(f"the account {username} is open", err=True)
            sys.exit(1)
    _tell(made)


@user.command("forget-code", epilog="Example: sahut user forget-code siti --reason 'phone and paper were lost'")
@click.argument("username")
@click.option("--reason", required=True, help="Kept in the audit.")
def forget_code(username: str, reason: str) -> None:
    """Take the second factor off an account; its owner comes in with the password, and sets up another."""
    with opened() as rt:
        accounts.forget_second_factor(rt, None, _find(rt, username).officer.id, reason=reason)
    click.echo("done")


@user.command("list", epilog="Example: sahut user list --regency 16.03 --json")
@click.option("--regency", metavar="CODE", help="Only of this regency.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each account.")
def list_(regency: str | None, *, as_json: bool) -> None:
    """All accounts: open, closed and invited."""
    with opened() as rt, rt.engine.connect() as connection:
        found = officers.accounts(connection, regency, limit=100_000)
    for each in found:
        facts = _facts(each)
        click.echo(json.dumps(facts) if as_json else "  ".join(str(value) for value in facts.values() if value))


def _facts(account: Account) -> dict[str, str | bool | None]:
    def at(moment: datetime | None) -> str | None:
        return moment.isoformat(timespec="seconds") if moment else None

    officer = account.officer
    return {
        "username": officer.username, "role": officer.role, "regency": officer.regency, "unit": officer.unit,
        "state": "closed" if not account.active else "open" if account.has_password else "invited",
        "second_factor": account.has_second_factor, "last_seen": at(account.last_seen),
    }  # fmt: skip


def _find(rt: Runtime, username: str) -> Account:
    """The account of this user name, open or closed; ends with 1 when there is none."""
    with rt.engine.connect() as connection:
        wanted = username.strip().lower()
        found = next(
            (a for a in officers.accounts(connection, None, limit=100_000) if a.officer.username.lower() == wanted),
            None,
        )
    if found is None:
        click.echo(f"there is no officer {username}", err=True)
        sys.exit(1)
    return found
