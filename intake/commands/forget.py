"""``sahut forget``: a person asks to be forgotten, or a report has been kept long enough."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import click

from channels.phone import normalise_number
from intake import logs
from intake.commands.operate import opened
from intake.domain.reference import report_id_of
from intake.runtime import Runtime
from intake.storage import attachments, erasure
from intake.storage.attachments import Store

log = logs.get("forget")

_AT_ONCE = 500


@click.command(epilog="Examples: sahut forget --address 0811-0000-001 | sahut forget --ended-days-ago 1825 --yes")
@click.argument("references", nargs=-1)
@click.option("--address", metavar="NUMBER|MAIL", help="All reports of this telephone number or mail address.")
@click.option("--ended-days-ago", "days", type=click.IntRange(30), help="All reports that ended before so many days.")
@click.option("--open-too", is_flag=True, help="Also those to which somebody still owes an answer.")
@click.option("--yes", is_flag=True, help="Do it; without this it is only said what would be forgotten.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def forget(
    references: tuple[str, ...], address: str | None, days: int | None, *, open_too: bool, yes: bool, as_json: bool
) -> None:
    """Erase who reported and what was written, in messages, answers, notes, history and files; the figures stay.

    It cannot be undone, but by a backup: those are to be deleted by age. A STOP of that address is remembered, so that it
    is kept. Exit code 1 when a reference does not exist or a report is still open.
    """
    if sum((bool(references), bool(address), days is not None)) != 1:
        raise click.UsageError("name references, or --address, or --ended-days-ago")
    with opened() as rt:
        chosen = _choose(rt, references, address, days)
        with rt.engine.connect() as connection:
            unfinished = erasure.still_open(connection, chosen)
        if unfinished and not open_too:
            click.echo(f"still open, close them first or say --open-too: {', '.join(unfinished[:20])}", err=True)
            sys.exit(1)
        files = _erase(rt, chosen, address, days) if yes else 0
        unread = _forget_requests_naming(rt, address) if yes and address is not None else 0
    told = {"reports": len(chosen), "files": files, "unread": unread, "done": yes}
    if as_json:
        click.echo(json.dumps(told))
    elif yes:
        click.echo(f"{len(chosen)} reports and {files} files are forgotten.")
    else:
        click.echo(f"{len(chosen)} reports would be forgotten. Say --yes to do it; it cannot be undone.")
    if unread and not as_json:
        click.echo(
            f"{unread} requests in quarantine, which nobody has read yet, name it too: sahut quarantine list", err=True
        )


def _as_kept(address: str) -> str:
    """A number or a mail address as messages have it."""
    return normalise_number(address) or address.strip().lower()


def _choose(rt: Runtime, references: tuple[str, ...], address: str | None, days: int | None) -> list[int]:
    if references:
        ids = [report_id_of(reference) for reference in references]
        with rt.engine.connect() as connection:
            known = erasure.known_of(connection, [each for each in ids if each is not None])
        missing = [reference for reference, each in zip(references, ids, strict=True) if each not in known]
        if missing:
            click.echo(f"no such report: {', '.join(missing)}", err=True)
            sys.exit(1)
        return sorted(known)
    with rt.engine.connect() as connection:
        if address is not None:
            return erasure.of_sender(connection, _as_kept(address))
        before = datetime.now(UTC) - timedelta(days=days or 0)
        return erasure.ended_before(connection, before, most=1_000_000)


def _erase(rt: Runtime, chosen: list[int], address: str | None, days: int | None) -> int:
    files = 0
    store = Store(rt.settings.files_url)
    with click.progressbar(length=len(chosen), label="forgetting", file=sys.stderr) as bar:
        for start in range(0, len(chosen), _AT_ONCE):
            part = chosen[start : start + _AT_ONCE]
            with rt.engine.begin() as connection:
                erasure.erase(connection, part)
            removed = _remove_files(rt, store)
            files += removed
            bar.update(len(part))
            log.info("reports_forgotten", count=len(part), files=removed)
    if address is not None:
        with rt.engine.begin() as connection:
            erasure.forget_loose(connection, address=_as_kept(address))
    if days is not None:
        with rt.engine.begin() as connection:
            erasure.forget_requests(connection, datetime.now(UTC) - timedelta(days=days))
    return files + _remove_files(rt, store)


def _forget_requests_naming(rt: Runtime, address: str) -> int:
    with rt.engine.begin() as connection:
        return erasure.forget_read_requests(connection, _as_kept(address))


def _remove_files(rt: Runtime, store: Store) -> int:
    """Remove from the store what nobody needs any more, also what a command that broke off left there. Returns how many."""
    removed = 0
    while True:
        with rt.engine.connect() as connection:
            names = attachments.forgotten(connection, most=_AT_ONCE)
        if not names:
            return removed
        for name in names:
            with rt.engine.begin() as connection:
                removed += attachments.remove_unneeded(connection, store, name)
