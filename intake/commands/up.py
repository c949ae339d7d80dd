"""``sahut up``: everything on this machine with one command, for trying out and for small installations.

In this order: the data folder (ours alone, see `embedded_folder`), PostgreSQL, Valkey, migrations, then the programs of
the Procfile. When one of them ends, all end: half a system that looks alive is worse than none.

What surprises:

* DATABASE_URL or REDIS_URL in the environment: that server is used and ours is not started. The lab is then off.
* While the lab is on, the settings of SMS and e-mail are the lab's own (see `intake.installation`).
* Standard output carries only what was asked for (the box, or a line of JSON); progress and logs go to standard error.
"""

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from intake.embedded import AlreadyRunning, CannotStart, DataFolder, EmbeddedServer, open_folder
from intake.installation import (
    Officer,
    make_environment,
    remember_officers,
    replaced_by_the_lab,
    why_no_lab,
)
from intake.supervise import Crew, Ended, Program, Wish, end_orphans, watch

EXIT_FAILED = 1
EXIT_ALREADY_RUNNING = 3

_READY_WITHIN_SECONDS = 90


@dataclass(frozen=True)
class Plan:
    """What to start. The last three are the parts of the house that a test replaces by smaller ones."""

    data: Path
    port: int
    lab: bool
    environ: Mapping[str, str]
    programs: Callable[[int, bool], Sequence[Program]]
    migrate: Callable[[Mapping[str, str]], None]
    officers: Callable[[Mapping[str, str]], Sequence[Officer]]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@click.command(epilog="Example: sahut up --port 8080")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="SAHUT_DATA",
    default=Path("data"),
    show_default=True,
    help="Folder for everything that is kept (or SAHUT_DATA).",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="Port of the web pages.")
@click.option("--no-lab", is_flag=True, help="Without the lab: no phone and mailbox for trying out.")
@click.option("--json", "as_json", is_flag=True, help="When ready, print one line of JSON with the addresses.")
def up(data: Path, port: int, no_lab: bool, as_json: bool) -> None:
    """Start everything on this machine. Ctrl-C stops it."""
    plan = Plan(data, port, not no_lab, dict(os.environ), house_programs, migrate_database, make_lab_officers)
    sys.exit(run(plan, as_json=as_json))


def run(plan: Plan, *, as_json: bool = False) -> int:
    """Start what is planned, stay until it ends; the exit code: 0 stopped as asked, 1 failed, 3 already runs."""
    wish = Wish()
    wish.listen()
    try:
        with open_folder(plan.data, user=plan.environ.get("SAHUT_EMBEDDED_USER")) as folder:
            return _run_in(folder, plan, wish, as_json=as_json)
    except AlreadyRunning as known:
        where = f": {known.address}" if known.address else ""
        _tell(f"Sahut sudah berjalan / already runs in {known.path} (pid {known.pid}){where}")
        if as_json:
            click.echo(json.dumps({"error": "already running", "pid": known.pid, "address": known.address}))
        return EXIT_ALREADY_RUNNING
    except CannotStart as why:
        _tell(f"Tidak dapat mulai / cannot start: {why}")
        return EXIT_FAILED


def house_programs(port: int, lab: bool) -> list[Program]:
    """The programs of the Procfile, for one machine."""
    python = sys.executable
    serve = ("-m", "granian", "--interface", "wsgi", "--no-ws", "--blocking-threads", "32", "--log-level", "error")
    programs = [
        Program("web", (python, *serve, "--host", "127.0.0.1", "--port", str(port), "intake.web.wsgi:app")),
        Program("relay", (python, "-m", "workers.relay")),
        Program("worker", (python, "-m", "workers")),
    ]
    if lab:
        programs.append(Program("lab", (python, "-m", "intake.lab.standin")))
    return programs


def migrate_database(environment: Mapping[str, str]) -> None:
    """Read the settings as every program will (all faults told at once), and bring the tables up to date."""
    from intake.runtime import open_runtime
    from intake.settings import Misconfigured
    from intake.storage import migrate

    try:
        runtime = open_runtime(environment)
    except Misconfigured as why:
        raise CannotStart("\n  ".join(("", *why.faults))) from why
    runtime.engine.dispose()
    migrate.upgrade(runtime.settings.database_url)


def make_lab_officers(environment: Mapping[str, str]) -> Sequence[Officer]:
    """Log-ins for trying out, made at the first start with the lab, and only there."""
    if environment.get("SAHUT_LAB") != "1":
        return []
    from intake.storage.database import open_engine
    from intake.storage.officers import ensure_lab_officers

    engine = open_engine(environment["DATABASE_URL"], pool_size=1)
    try:
        with engine.begin() as connection:
            return ensure_lab_officers(connection)
    finally:
        engine.dispose()


def _run_in(folder: DataFolder, plan: Plan, wish: Wish, *, as_json: bool) -> int:
    _refuse_taken_port(plan.port)
    _done("folder", str(folder.path))
    ended: Ended | None = None
    with ExitStack() as stack:
        servers = _start_servers(folder, plan, stack)
        lab = plan.lab and _may_have_lab(plan.environ)
        environment = make_environment(
            plan.environ,
            data=folder.path,
            address=plan.address,
            servers={name: server.url for name, server in servers.items()},
            lab=lab,
        )
        if wish.is_to_stop:
            return 0
        with _step("migrations"):
            plan.migrate(environment)
        officers = remember_officers(folder.path, plan.officers(environment)) if lab else []
        if wish.is_to_stop:
            return 0
        crew = Crew(plan.programs(plan.port, lab), environment, sys.stderr)
        stack.callback(end_orphans, {each.pid for each in servers.values()})
        stack.callback(crew.stop)

        def find_ended() -> Ended | None:
            return crew.find_ended() or _find_ended_server(servers)

        began = time.monotonic()
        ended = _wait_until_ready(plan, find_ended, wish)
        if ended is None and not wish.is_to_stop:
            _done("programs", f"{time.monotonic() - began:.1f} s")
            folder.announce(address=plan.address)
            _announce(plan, folder, officers, lab=lab, as_json=as_json)
            ended = watch(find_ended, wish, until=lambda: False)
        if ended is not None:
            _tell(f"{ended} berakhir, semuanya dihentikan / ended, everything is being stopped")
        else:
            _tell("Menghentikan semuanya / stopping everything")
    return EXIT_FAILED if ended else 0


def _start_servers(folder: DataFolder, plan: Plan, stack: ExitStack) -> dict[str, EmbeddedServer]:
    """PostgreSQL and Valkey of our own, for each of the two that the environment does not name."""
    servers = {}
    if not plan.environ.get("DATABASE_URL"):
        from intake.embedded import start_postgres

        with _step("PostgreSQL"):
            servers["DATABASE_URL"] = start_postgres(folder)
        stack.callback(servers["DATABASE_URL"].stop, 2.0)
    if not plan.environ.get("REDIS_URL"):
        from intake.embedded import start_valkey

        with _step("Valkey"):
            servers["REDIS_URL"] = start_valkey(folder)
        stack.callback(servers["REDIS_URL"].stop, 1.0)
    return servers


def _may_have_lab(environ: Mapping[str, str]) -> bool:
    why_not = why_no_lab(environ)
    if why_not:
        _tell(f"Lab mati / the lab is off: {why_not}")
        return False
    replaced = replaced_by_the_lab(environ)
    if replaced:
        _tell(f"Lab: not used while the lab is on (see --no-lab): {', '.join(replaced)}")
    return True


def _wait_until_ready(plan: Plan, find_ended: Callable[[], Ended | None], wish: Wish) -> Ended | None:
    give_up_at = time.monotonic() + _READY_WITHIN_SECONDS

    def is_ready() -> bool:
        if time.monotonic() > give_up_at:
            message = f"{plan.address}/healthz did not answer within {_READY_WITHIN_SECONDS} s"
            raise CannotStart(message)
        return _answers(f"{plan.address}/healthz")

    return watch(find_ended, wish, until=is_ready)


def _answers(url: str) -> bool:
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # this machine is never behind a proxy
    try:
        with straight.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _find_ended_server(servers: Mapping[str, EmbeddedServer]) -> Ended | None:
    return next((Ended(each.name, each.exit_code or 0) for each in servers.values() if each.has_ended()), None)


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as why:
            message = f"port {port} cannot be used ({why.strerror}): choose another with --port"
            raise CannotStart(message) from why


def _announce(plan: Plan, folder: DataFolder, officers: Sequence[Officer], *, lab: bool, as_json: bool) -> None:
    pages = {"form": f"{plan.address}/lapor", "desk": f"{plan.address}/meja"}
    if lab:
        pages["lab"] = f"{plan.address}/lab"
    if as_json:
        facts: dict[str, Any] = {"address": plan.address, **pages, "data": str(folder.path), "pid": os.getpid()}
        facts["officers"] = [{"user": user, "password": word, "role": role} for user, word, role in officers]
        click.echo(json.dumps(facts))
        return
    meaning = {
        "form": "Formulir laporan / report form",
        "desk": "Meja petugas / officers' desk",
        "lab": "Lab: telepon dan kotak surat / phone and mailbox",
    }
    lines = ["Sahut siap. / Sahut is ready.", ""]
    lines += [f"{meaning[name]:<50} {url}" for name, url in pages.items()]
    if officers:
        lines += ["", "Akun untuk mencoba / log-ins for trying out:"]
        lines += [f"  {user:<24} {word:<24} {role}" for user, word, role in officers]
    lines += ["", "Ctrl-C menghentikan semuanya. / Ctrl-C stops everything."]
    width = max(len(line) for line in lines)
    click.echo(
        "\n".join(["┌" + "─" * (width + 2) + "┐", *(f"│ {s:<{width}} │" for s in lines), "└" + "─" * (width + 2) + "┘"])
    )


@contextmanager
def _step(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    _done(name, f"{time.monotonic() - began:.1f} s")


def _done(name: str, detail: str) -> None:
    _tell(f"  ✓ {name:<12} {detail}")


def _tell(text: str) -> None:
    with suppress(OSError):  # a closed terminal is no reason not to stop in order
        click.echo(text, err=True)
