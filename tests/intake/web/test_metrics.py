"""What Prometheus is told: the house as it is, by every process alike, to who knows the token."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from intake.receive import receive
from intake.runtime import Runtime
from intake.spool import Spool
from intake.storage import quarantine
from intake.web.app import create_app
from tests.conftest import PUBLIC_URL, SECRET_KEY
from tests.factories import a_mail, an_sms
from tests.intake.web.conftest import CHANNELS
from tests.intake.web.test_hooks import SMS, signed
from tests.journeys.house import free_port

TOKEN = "t" * 40
OLD = "o" * 40
Figures = dict[tuple[str, ...], float]


@pytest.fixture
def watched(rt: Runtime) -> Runtime:
    return replace(rt, settings=replace(rt.settings, metrics_tokens=(TOKEN, OLD)))


def scrape(rt: Runtime, *, token: str = TOKEN) -> Figures:
    answer = create_app(rt).test_client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    return read(answer.text)


def read(written: str) -> Figures:
    """(name, label values ...) → figure."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(written)
        for sample in family.samples
    }


def test_without_the_token_there_is_no_such_page(watched: Runtime, client: FlaskClient) -> None:
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404, "none is set"
    client = create_app(watched).test_client()
    for given in ("", "Bearer ", f"Bearer {TOKEN}x", TOKEN, f"Basic {TOKEN}", "Bearer \u00e9"):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404, given
    assert scrape(watched, token=OLD)[("sahut_database_up",)] == 1


def test_an_idle_house_tells_noughts(watched: Runtime) -> None:
    figures = scrape(watched)
    assert figures[("sahut_oldest_promise_seconds", "process")] == 0
    assert figures[("sahut_promises_parked", "deliver")] == 0
    assert figures[("sahut_spool_files", "waiting")] == 0
    assert not [name for name in figures if name[0] == "sahut_first_reply_seconds"]


def test_every_figure_is_what_happened(watched: Runtime) -> None:
    rt = watched
    ids = []
    for message in (an_sms("satu"), an_sms("dua")):
        remembered = receive(rt, "sms_twilio", message).remembered
        assert remembered is not None
        ids.append(remembered.message_id)
    receive(rt, "email_mime", a_mail())
    with rt.engine.begin() as connection:
        run = connection.execute
        run(text("update message set received_at = now() - interval '2 hours' where channel = 'email_mime'"))
        run(text("update outbox set due_at = now() - interval '90 seconds' where subject_id = :id"), {"id": ids[0]})
        run(text("insert into outbox (job, subject_id, parked_at) values ('deliver', 9, now())"))
        run(
            text("""
                insert into reply (cause, kind, report_id, channel, gateway, recipient, sender, text, state, segments,
                                   error_code, created_at, sending_at)
                select 'a', 'added', :id, 'sms_twilio', 'sms_kannel', '', '', '', 'accepted', 2, null, now(),
                       opened_at + interval '4 seconds' from report where id = :id
                union all select 'b', 'answered', :id, 'sms_twilio', null, '', '', '', 'failed', 3, '30003', now(), null
                union all select 'c', 'added', :id, 'sms_twilio', null, '', '', '', 'failed', 3, null,
                                 now() - interval '2 hours', null
            """),
            {"id": ids[0]},
        )
        run(
            text("update report set answered_at = opened_at + interval '600 seconds' where id = :id"),
            {"id": ids[0]},
        )
        quarantine.count_refusal(connection, "sms_twilio", "forged", times=3)
        quarantine.keep(connection, "email_mime", query="", headers={}, body=b"x", reason="no letter")
    figures = scrape(rt)
    oldest = figures.pop(("sahut_oldest_promise_seconds", "process"))
    assert 90 <= oldest < 600
    assert {name: figure for name, figure in figures.items() if figure} == {
        ("sahut_database_up",): 1,
        ("sahut_accepted_last_hour", "sms_twilio"): 2,
        ("sahut_refused_total", "sms_twilio", "forged"): 3,
        ("sahut_quarantined", "email_mime"): 1,
        ("sahut_quarantine_bytes", "email_mime"): 1,
        ("sahut_quarantine_share", "email_mime"): 1 / 20_000,
        ("sahut_promises_waiting", "process"): 3,
        ("sahut_promises_parked", "deliver"): 1,
        ("sahut_replies_last_hour", "sms_kannel", "accepted"): 1,
        ("sahut_replies_last_hour", "sms_twilio", "failed"): 1,
        ("sahut_segments_last_hour", "sms_kannel"): 2,
        ("sahut_segments_last_hour", "sms_twilio"): 3,
        ("sahut_errors_last_hour", "30003", "sms_twilio"): 1,
        ("sahut_first_reply_seconds", "0.5"): 4,
        ("sahut_first_reply_seconds", "0.95"): 4,
        ("sahut_first_answer_seconds", "0.5"): 600,
        ("sahut_first_answer_seconds", "0.95"): 600,
    }


def test_while_the_database_is_away_the_spool_is_told(watched: Runtime, away: Runtime) -> None:
    gone = replace(watched, engine=away.engine)
    folder = Spool.of(gone).folder
    folder.mkdir(parents=True)
    (folder / f"{time.time_ns():020}-a.json").touch()
    figures = scrape(gone)
    assert figures[("sahut_database_up",)] == 0
    assert figures[("sahut_spool_files", "waiting")] == 1
    assert ("sahut_accepted_last_hour", "sms_twilio") not in figures


def test_every_process_of_a_server_tells_the_same(rt: Runtime, tmp_path: Path) -> None:
    port = free_port()
    environ = {
        **os.environ, **CHANNELS, "DATABASE_URL": rt.settings.database_url, "PUBLIC_URL": PUBLIC_URL,
        "SAHUT_SECRET_KEYS": SECRET_KEY, "SAHUT_DATA": str(tmp_path), "SAHUT_METRICS_TOKEN": TOKEN,
    }  # fmt: skip
    server = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port", str(port),
         "--workers", "2", "--blocking-threads", "8", "--log-level", "error", "intake.web.wsgi:app"],
        env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        address, told = f"http://127.0.0.1:{port}", []
        give_up_at = time.monotonic() + 90
        while True:
            try:
                assert requests.get(f"{address}/healthz", timeout=5).ok
                break
            except requests.ConnectionError:
                assert server.poll() is None
                assert time.monotonic() < give_up_at
                time.sleep(0.1)
        for number in range(12):
            form = {**SMS, "MessageSid": f"SM{number:032}"}
            headers = signed(f"{PUBLIC_URL}/hooks/sms_twilio", form)
            assert requests.post(f"{address}/hooks/sms_twilio", data=form, headers=headers, timeout=30).ok
        for _ in range(12):
            answer = requests.get(f"{address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
            told.append(read(answer.text)[("sahut_accepted_last_hour", "sms_twilio")])
        assert told == [12] * 12
    finally:
        server.terminate()
        server.wait(30)
