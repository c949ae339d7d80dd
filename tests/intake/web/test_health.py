"""What the watching machine is told."""

from __future__ import annotations

import time
from dataclasses import replace

from flask.testing import FlaskClient
from sqlalchemy import text

from intake.domain.gateway import Gateway
from intake.runtime import Runtime
from intake.spool import Spool
from intake.web.app import create_app


def test_the_process_lives_also_without_a_database(away: Runtime) -> None:
    answer = create_app(away).test_client().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_ready_when_nothing_waits(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "ready": True,
        "failing": [],
        "oldest_promise_seconds": 0,
        "waiting": 0,
        "parked": 0,
        "spool": {"waiting": 0, "oldest_seconds": 0.0, "refused": 0, "unreadable": 0},
        "gateways": {},
        "silent_gateways": [],
    }


def test_a_gateway_that_delivers_nothing_is_told_and_not_judged(rt: Runtime, client: FlaskClient) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into reply (cause, kind, channel, recipient, sender, text, state, external_id, created_at)
                    select 'c' || n, 'k', 'sms_twilio', '+628110000001', '', '', 'accepted', 'SM' || n,
                           now() - interval '1 hour' from generate_series(1, 20) as n""")
        )
    answer = client.get("/readyz")
    assert answer.json is not None
    assert (answer.status_code, answer.json["silent_gateways"]) == (200, ["sms_twilio"])


def test_not_ready_without_a_database(away: Runtime) -> None:
    answer = create_app(away).test_client().get("/readyz")
    assert answer.json is not None
    assert (answer.status_code, answer.json["ready"], answer.json["failing"]) == (503, False, ["database"])


def test_what_a_worker_holds_does_not_wait(rt: Runtime, client: FlaskClient) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into outbox (job, subject_id, due_at, held_until)
                    values ('process', 1, now() - interval '1 hour', now() + interval '1 minute')""")
        )
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json and answer.json["waiting"]) == (200, 0)
    with rt.engine.begin() as connection:  # its holder died
        connection.execute(text("update outbox set held_until = now() - interval '1 second'"))
    assert client.get("/readyz").status_code == 503


def test_files_in_the_spool_are_shown_and_judged_by_their_age(rt: Runtime, client: FlaskClient, away: Runtime) -> None:
    folder = Spool.of(rt).folder
    folder.mkdir(parents=True)
    (folder / f"{time.time_ns():020}-a.json").touch()
    answer = client.get("/readyz")
    assert answer.json is not None
    assert (answer.status_code, answer.json["spool"]["waiting"]) == (200, 1)
    (folder / f"{time.time_ns() - 61 * 10**9:020}-b.json").touch()
    answer = client.get("/readyz")
    assert answer.json is not None
    assert (answer.status_code, answer.json["failing"], answer.json["spool"]["waiting"]) == (503, ["spool"], 2)
    answer = create_app(away).test_client().get("/readyz")
    assert answer.json is not None
    assert answer.json["failing"] == ["database", "spool"]


def test_files_that_were_set_aside_wait_for_a_person(rt: Runtime, client: FlaskClient) -> None:
    folder = Spool.of(rt).folder
    folder.mkdir(parents=True)
    (folder / "1-a.refused").touch()
    (folder / "2-b.unreadable").touch()
    answer = client.get("/readyz")
    assert answer.json is not None
    assert (answer.status_code, answer.json["failing"]) == (503, ["spool_set_aside"])
    assert answer.json["spool"] == {"waiting": 0, "oldest_seconds": 0.0, "refused": 1, "unreadable": 1}


def test_a_young_promise_is_no_reason_for_alarm_an_old_one_is(rt: Runtime, client: FlaskClient) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("insert into outbox (job, subject_id) values ('process', 1)"))
    assert client.get("/readyz").status_code == 200
    with rt.engine.begin() as connection:
        connection.execute(text("update outbox set due_at = now() - interval '61 seconds'"))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["failing"] == ["oldest_promise"]
    assert answer.json["waiting"] == 1


def test_a_parked_promise_is_told(rt: Runtime, client: FlaskClient) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("insert into outbox (job, subject_id, parked_at) values ('process', 1, now())"))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert (answer.json["failing"], answer.json["parked"]) == (["parked"], 1)


def test_gateways_are_told_and_one_that_is_down_is_no_alarm(rt: Runtime) -> None:
    settings = replace(rt.settings, gateways=(Gateway("sms_kannel"), Gateway("sms_twilio", 0)))
    with rt.engine.begin() as connection:
        connection.execute(text("insert into gateway (name, down_since, probe_at) values ('sms_kannel', now(), now())"))
    answer = create_app(replace(rt, settings=settings)).test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["gateways"]) == (200, {"sms_kannel": "down", "sms_twilio": "up"})
