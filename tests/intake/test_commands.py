"""The commands of whoever runs the house, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from intake.cli import main
from intake.domain.reference import reference_of
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import outbox
from intake.storage.outbox import Job
from intake.understand.locate import explain_in_words, locate
from intake.understand.locate.kept import location_from
from tests.conftest import PUBLIC_URL, SECRET_KEY
from tests.factories import CLEAR_TEXT, an_sms
from workers import jobs


@pytest.fixture
def environ(rt: Runtime) -> dict[str, str]:
    return {"DATABASE_URL": rt.settings.database_url, "PUBLIC_URL": PUBLIC_URL, "SAHUT_SECRET_KEYS": SECRET_KEY}


def sahut(environ: dict[str, str], *words: str, typed: str | None = None) -> Result:
    return CliRunner(env=environ).invoke(main, words, input=typed)


def test_faults_of_the_settings_are_told_all_at_once_with_exit_code_2() -> None:
    result = sahut({"DATABASE_URL": "", "PUBLIC_URL": "", "SAHUT_SECRET_KEYS": ""}, "stats")
    assert result.exit_code == 2
    assert result.stderr.count("is missing") == 3


def test_parked_work_is_shown_and_released(rt: Runtime, environ: dict[str, str]) -> None:
    assert sahut(environ, "parked").exit_code == 0
    receive(rt, "sms_twilio", an_sms())
    with rt.engine.begin() as connection:
        connection.execute(
            text("update outbox set parked_at = now(), last_error = 'ValueError at x:y:1', attempts = 12")
        )
    shown = sahut(environ, "parked", "--json")
    assert shown.exit_code == 1
    assert json.loads(shown.stdout)["parked"][0]["error"] == "ValueError at x:y:1"
    assert "1 released" in sahut(environ, "release", "--parked", "process").stdout
    with rt.engine.connect() as connection:
        assert outbox.due(connection) == {"process": 1}


def test_release_brings_the_database_up_and_may_run_again(environ: dict[str, str]) -> None:
    for _ in range(2):
        assert sahut(environ, "release").exit_code == 0


def test_an_officer_is_added_once(environ: dict[str, str]) -> None:
    with_password = {**environ, "SAHUT_NEW_PASSWORD": "kata-sandi-contoh"}
    words = ("user", "add", "siti", "--name", "Siti R.", "--regency", "16.03")
    assert sahut(with_password, *words).exit_code == 0
    assert sahut(with_password, *words).exit_code == 1
    assert sahut(with_password, "user", "add", "a", "--name", "A", "--regency", "99.99").exit_code == 2
    assert sahut(with_password, "user", "add", "a", "--name", "A").exit_code == 2
    assert (
        sahut({**environ, "SAHUT_NEW_PASSWORD": "short"}, "user", "add", "b", "--name", "B", "--central").exit_code == 2
    )


def test_a_desk_is_configured_or_its_faults_are_told(environ: dict[str, str]) -> None:
    good = ("desk", "16.03", "webhook", "--set", "url=https://lapor.example.go.id/masuk", "--set", f"secret={'s' * 40}")
    assert sahut(environ, *good).exit_code == 0
    assert sahut(environ, "desk", "16.03", "webhook", "--set", "url=ftp://x").exit_code == 2
    assert sahut(environ, "desk", "99.99", "inbox").exit_code == 1


def test_figures_in_words_and_as_json(rt: Runtime, environ: dict[str, str]) -> None:
    receive(rt, "sms_twilio", an_sms())
    assert json.loads(sahut(environ, "stats", "--json").stdout)["messages"] == 1
    assert "diterima: 1" in sahut(environ, "stats").stdout


def test_why_a_report_went_where_it_went(rt: Runtime, environ: dict[str, str]) -> None:
    kept = receive(rt, "sms_twilio", an_sms()).remembered
    assert kept is not None
    jobs.carry_out(rt, Job.PROCESS)
    told = sahut(environ, "explain", reference_of(kept.message_id).lower())
    assert told.exit_code == 0
    assert "Kabupaten Muara Enim" in told.stdout
    assert sahut(environ, "explain", "AAA-AAAA").exit_code == 1


def test_a_location_survives_being_stored() -> None:
    found = locate(CLEAR_TEXT)
    again = location_from(json.loads(json.dumps(found.as_dict())))
    assert again.as_dict() == found.as_dict()
    assert explain_in_words(location_from(again.as_dict())) == explain_in_words(again)


def test_a_new_version_shows_which_open_reports_it_would_move(rt: Runtime, environ: dict[str, str]) -> None:
    kept = receive(rt, "sms_twilio", an_sms()).remembered
    assert kept is not None
    jobs.carry_out(rt, Job.PROCESS)
    assert sahut(environ, "relocate", "--dry-run").exit_code == 0
    with rt.engine.begin() as connection:  # as an older version had decided it
        connection.execute(text("set local sahut.erase = 'on'"))
        connection.execute(text("""update decision set location = jsonb_set(location, '{regency}', '"16.01"')"""))
    moved = sahut(environ, "relocate", "--dry-run", "--json")
    assert moved.exit_code == 1
    row = json.loads(moved.stdout)
    assert row["reference"] == reference_of(kept.message_id)
    assert row["before"].startswith("16.01")
    assert row["after"].startswith("16.03")


def test_quarantine_is_listed(rt: Runtime, environ: dict[str, str], tmp_path: Path) -> None:
    assert sahut(environ, "quarantine", "list").exit_code == 0


# --- gateways ---

_TWO_GATEWAYS = {
    "SAHUT_GATEWAYS": "sms_twilio weight=2 rate=10, whatsapp_twilio",
    "SMS_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "SMS_TWILIO_AUTH_TOKEN": "t" * 32,
    "SMS_TWILIO_NUMBERS": "+628110001708",
    "WHATSAPP_TWILIO_NUMBERS": "+628110001709",
}


def test_gateways_are_listed_pinned_and_unpinned(rt: Runtime, environ: dict[str, str]) -> None:
    environ = {**environ, **_TWO_GATEWAYS}
    shown = sahut(environ, "gateways", "list")
    assert shown.exit_code == 0
    assert "sms_twilio  up  weight 2  10 segments/s" in shown.stdout
    assert "whatsapp_twilio  up  weight 1  any rate" in shown.stdout
    assert sahut(environ, "gateways", "pin", "sms_twilio").exit_code == 0
    (sms, whatsapp) = json.loads(sahut(environ, "gateways", "list", "--json").stdout)["gateways"]
    assert (sms["name"], sms["state"], whatsapp["pinned_at"]) == ("sms_twilio", "up", None)
    assert sms["pinned_at"]
    assert "pinned since" in sahut(environ, "gateways", "state", "sms_twilio").stdout
    assert sahut(environ, "gateways", "unpin", "sms_twilio").exit_code == 0
    assert sahut(environ, "gateways", "unpin", "sms_twilio").exit_code == 1


def test_a_gateway_that_is_down_is_an_exit_code(rt: Runtime, environ: dict[str, str]) -> None:
    environ = {**environ, **_TWO_GATEWAYS}
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into gateway (name, down_since, probe_at)
                    values ('sms_twilio', now(), now() + interval '20 seconds')""")
        )
    assert sahut(environ, "gateways", "list").exit_code == 1
    assert sahut(environ, "gateways", "state", "whatsapp_twilio").exit_code == 0
    shown = sahut(environ, "gateways", "state", "sms_twilio", "--json")
    assert (shown.exit_code, json.loads(shown.stdout)["state"]) == (1, "down")
    assert 0 < json.loads(shown.stdout)["probe_in_seconds"] <= 20


def test_a_gateway_there_is_not_cannot_be_pinned_or_named_in_the_settings(environ: dict[str, str]) -> None:
    refused = sahut({**environ, **_TWO_GATEWAYS}, "gateways", "pin", "sms_kannel")
    assert (refused.exit_code, "is not in SAHUT_GATEWAYS" in refused.stderr) == (2, True)
    wrong = sahut({**environ, **_TWO_GATEWAYS, "SAHUT_GATEWAYS": "sms_kannel"}, "gateways", "list")
    assert (wrong.exit_code, "sms_kannel is no channel that is configured" in wrong.stderr) == (2, True)
    assert "names none" in sahut(environ, "gateways", "list").stdout
