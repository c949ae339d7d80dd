"""Units and containers start the programs of the Procfile, and nothing else."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from intake.cli import main as sahut

ROOT = Path(__file__).parents[1]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
OPTIONS_WITH_A_DEFAULT = re.compile(r"\$\{\w+:-(\d+)\}")


def procfile() -> dict[str, str]:
    """Program → its command with the defaults filled in; those in comments too."""
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"(?:# )?([a-z]+): (.+)", line) for line in lines]
    return {each[1]: OPTIONS_WITH_A_DEFAULT.sub(r"\1", each[2]) for each in found if each}


def read_unit(path: Path) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(path, encoding="utf-8")
    return unit


def test_every_program_of_the_procfile_has_its_unit() -> None:
    commands = {
        path.name: read_unit(path)["Service"]["ExecStart"].removeprefix("/opt/sahut/.venv/bin/") for path in UNITS
    }
    wanted = {
        name: command.replace("--host 0.0.0.0", "--host 127.0.0.1")  # a proxy stands in front of it
        for name, command in procfile().items()
    }
    names = {name: f"sahut-{name}.service" for name in wanted} | {"worker": "sahut-worker@.service"}
    assert {name: commands[names[name]] for name in wanted} == wanted
    assert set(commands) - set(names.values()) == {"sahut-reconcile.service", "sahut-canary.service"}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_that_stay_are_started_again_and_may_not_write_elsewhere(path: Path) -> None:
    service = read_unit(path)["Service"]
    assert service["User"] == "sahut"
    if service.get("Type") != "oneshot":
        assert (service["Restart"], service["ProtectSystem"], service["NoNewPrivileges"]) == ("always", "strict", "yes")


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    """With a program that exists on this machine in the place of ours."""
    if shutil.which("systemd-analyze") is None:
        return
    for path in (ROOT / "deploy" / "systemd").iterdir():
        written = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", written), encoding="utf-8")
    units = [str(path) for path in tmp_path.iterdir()]
    told = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    complaints = [line for line in told.stderr.splitlines() if "sahut" in line]
    assert complaints == []


def test_containers_start_the_same_programs() -> None:
    with (ROOT / "deploy" / "compose.yaml").open(encoding="utf-8") as file:
        compose: dict[str, Any] = yaml.safe_load(file)
    services = compose["services"]
    ours = {name: service["command"] for name, service in services.items() if service["image"] == "sahut"}
    wanted = {name: command for name, command in procfile().items() if name not in {"lmtp", "mailbox"}}
    assert ours == wanted
    assert all(service["restart"] == "always" for name, service in services.items() if name != "release")
    assert "--save" in services["valkey"]["command"]


def compose() -> dict[str, Any]:
    with (ROOT / "deploy" / "compose.yaml").open(encoding="utf-8") as file:
        read: dict[str, Any] = yaml.safe_load(file)
    return read


def test_what_containers_refer_to_is_there() -> None:
    wanted = compose()
    services = wanted["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        named = {mount.partition(":")[0] for mount in service.get("volumes", [])}
        assert named <= set(wanted["volumes"]), name
        if "build" in service:
            context = (ROOT / "deploy" / service["build"]["context"]).resolve()
            assert context == ROOT
            assert (context / service["build"]["dockerfile"]).is_file(), name
    for needed, how in services["web"]["depends_on"].items():
        assert how["condition"] == "service_completed_successfully", needed
    assert "healthcheck" in services["database"], "release waits until it is healthy"


@pytest.mark.parametrize("command", sorted(procfile().values()))
def test_every_program_can_be_started(command: str) -> None:
    """Without starting it: what is named is in the project, or pinned in what the image installs."""
    words = command.split()
    if words[0] == "python":
        assert words[1] == "-m"
        path = ROOT / words[2].replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
    elif words[0] == "sahut":
        assert sahut.get_command(click.Context(sahut), words[1]) is not None
        with (ROOT / "pyproject.toml").open("rb") as file:
            assert tomllib.load(file)["project"]["scripts"] == {"sahut": "intake.cli:main"}
    else:
        pinned = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
        assert re.search(rf"^{words[0]}==", pinned, re.MULTILINE)
        module, _, called = words[-1].partition(":")
        assert f"\n{called} = " in (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")


def test_the_image_copies_what_exists_and_no_secrets() -> None:
    lines = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    for copied in (line.split()[1:-1] for line in lines if line.startswith("COPY ")):
        for each in copied:
            assert (ROOT / each).exists(), each
    base = re.fullmatch(r"FROM python:(\d+)\.(\d+)-slim-\w+", next(line for line in lines if line.startswith("FROM ")))
    assert base is not None
    assert (int(base[1]), int(base[2])) >= (3, 11), "requires-python"
    for name in (".dockerignore", ".containerignore"):
        left_out = (ROOT / name).read_text(encoding="utf-8").splitlines()
        assert {".git", ".venv", "data", ".env", "**/*.env"} <= set(left_out), name
    assert compose()["services"]["web"]["env_file"].endswith(".env"), "left out by that"
    assert "*.env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_image_is_made_of_the_pinned_requirements() -> None:
    written = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    assert "--require-hashes --requirement requirements/run.txt" in written
    assert "USER sahut" in written
