"""Officers' accounts from the command line."""

from __future__ import annotations

import sys

import click

from intake.commands.operate import opened
from intake.storage import officers


@click.group()
def user() -> None:
    """Officers and their log-ins."""


@user.command("add", epilog="Example: sahut user add siti --name 'Siti R.' --regency 16.03")
@click.argument("username")
@click.option("--name", required=True, help="As colleagues and the history show it.")
@click.option("--regency", metavar="CODE", help="The regency whose desk it is, e.g. 16.03.")
@click.option("--central", is_flag=True, help="For the central desk instead.")
@click.option("--leader", is_flag=True, help="With --regency: looks on (Bupati, Sekda), changes nothing.")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, envvar="SAHUT_NEW_PASSWORD")
def add(username: str, name: str, regency: str | None, *, central: bool, leader: bool, password: str) -> None:
    """Add an officer. The password is asked for (or taken from SAHUT_NEW_PASSWORD)."""
    from intake.understand.locate import regencies

    if central == bool(regency) or (central and leader):
        msg = "give either --regency CODE (with --leader or without) or --central"
        raise click.UsageError(msg)
    if regency and regency not in regencies():
        msg = f"there is no regency {regency}"
        raise click.BadParameter(msg, param_hint="--regency")
    with opened() as rt, rt.engine.begin() as connection:
        try:
            made = officers.add(
                connection, username=username, name=name, password=password,
                role="central" if central else "leader" if leader else "regency", regency=regency,
            )  # fmt: skip
        except officers.PasswordTooShort:
            click.echo(f"the password needs at least {officers.SHORTEST_PASSWORD} characters", err=True)
            sys.exit(2)
    if made is None:
        click.echo(f"there is an officer {username} already", err=True)
        sys.exit(1)
    click.echo(f"{made.username} ({made.role}{f', {made.regency}' if made.regency else ''})")
