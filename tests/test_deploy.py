"""Units and containers start the programs of the Procfile, and nothing else."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

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


def test_the_image_is_made_of_the_pinned_requirements() -> None:
    written = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    assert "--require-hashes --requirement requirements/run.txt" in written
    assert "USER sahut" in written
