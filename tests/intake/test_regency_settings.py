"""What a regency sets for itself: its emergency numbers, and the names and topics of its units."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from intake.cli import main
from intake.runtime import Runtime
from intake.storage import regency_settings
from intake.understand.classify import taxonomy
from intake.understand.classify.taxonomy import UnknownTopic
from tests.conftest import PUBLIC_URL, SECRET_KEY
from tests.factories import MUARA_ENIM


@pytest.fixture
def environ(rt: Runtime) -> dict[str, str]:
    return {"DATABASE_URL": rt.settings.database_url, "PUBLIC_URL": PUBLIC_URL, "SAHUT_SECRET_KEYS": SECRET_KEY}


def sahut(environ: dict[str, str], *words: str) -> Result:
    return CliRunner(env=environ).invoke(main, words)


def test_without_settings_the_defaults_hold(rt: Runtime) -> None:
    with rt.engine.connect() as connection:
        assert regency_settings.emergency_numbers(connection, MUARA_ENIM) is None
        assert regency_settings.emergency_numbers(connection, None) is None
        assert regency_settings.taxonomy_of(connection, MUARA_ENIM) is taxonomy()


def test_a_regency_names_its_units_and_gives_them_topics(rt: Runtime) -> None:
    key = taxonomy().topic("INF.01").unit.key
    with rt.engine.begin() as connection:
        regency_settings.set_taxonomy(
            connection, MUARA_ENIM,
            {
                "units": {key: {"name": "Dinas PUTR"}, "uptd": {"name": "UPTD Lampu Jalan"}},
                "topics": {"TRN.01": {"unit": "uptd"}},
            },
        )  # fmt: skip
        own = regency_settings.taxonomy_of(connection, MUARA_ENIM)
        other = regency_settings.taxonomy_of(connection, "32.01")
    assert own.topic("INF.01").unit.name == "Dinas PUTR"
    assert own.topic("TRN.01").unit.name == "UPTD Lampu Jalan"
    assert other.topic("INF.01").unit.name == taxonomy().topic("INF.01").unit.name


def test_what_cannot_be_is_not_kept(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        with pytest.raises(UnknownTopic):
            regency_settings.set_taxonomy(connection, MUARA_ENIM, {"topics": {"XXX.99": {"unit": "pu"}}})
        assert regency_settings.taxonomy_of(connection, MUARA_ENIM) is taxonomy()


def test_the_command_sets_and_shows(environ: dict[str, str], tmp_path: Path) -> None:
    numbers = "112 (darurat), 0734 000000 (BPBD)"
    assert sahut(environ, "regency", MUARA_ENIM, "--emergency", numbers).exit_code == 0
    shown = json.loads(sahut(environ, "regency", MUARA_ENIM, "--json").stdout)
    assert shown["emergency_numbers"] == numbers
    assert sahut(environ, "regency", MUARA_ENIM, "--emergency", "x" * 200).exit_code == 2
    assert sahut(environ, "regency", "99.99").exit_code == 2
    bad = tmp_path / "bad.json"
    bad.write_text('{"topics": {"XXX.99": {}}}')
    assert sahut(environ, "regency", MUARA_ENIM, "--taxonomy", str(bad)).exit_code == 2
    assert sahut(environ, "regency", MUARA_ENIM, "--emergency", "").exit_code == 0
    assert json.loads(sahut(environ, "regency", MUARA_ENIM, "--json").stdout)["emergency_numbers"] is None
