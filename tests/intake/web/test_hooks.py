"""The doors for providers: what is genuine gets in, everything else is refused, and nothing is half-written."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from channels import web_form
from channels.registry import CHANNELS as KNOWN_CHANNELS
from intake.runtime import Runtime
from intake.spool import Spool
from intake.storage import quarantine
from intake.storage.quarantine import Limits
from intake.web.app import create_app
from intake.web.turnstile import MOST_AT_ONCE
from tests.conftest import PUBLIC_URL
from tests.intake.web.conftest import AUTH_TOKEN, CHANNELS, MAIL_SECRET

SMS = {
    "MessageSid": "SM" + "1" * 32,
    "AccountSid": CHANNELS["SMS_TWILIO_ACCOUNT_SID"],
    "From": "+628110000001",
    "To": "+628110001708",
    "Body": "Jalan rusak di Muara Enim & gelap + licin",
    "NumMedia": "0",
}
LETTER = (
    b"From: warga@example.id\r\nTo: lapor@sahut.test\r\nMessage-ID: <1@example.id>\r\n\r\nJalan rusak di Muara Enim\r\n"
)
MAIL_HEADERS = {"Authorization": f"Bearer {MAIL_SECRET}", "X-Envelope-From": "warga@example.id"}


DOORS = (
    "/hooks/{channel}",
    "/hooks/{channel}/delivery",
    "/hooks/{channel}/guessed",
    "/hooks/{channel}/guessed/delivery",
)


def signed(url: str, form: dict[str, str]) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(AUTH_TOKEN).compute_signature(url, form)}


def post_sms(client: FlaskClient, form: dict[str, str] = SMS, **more: Any) -> Any:
    return client.post("/hooks/sms_twilio", data=form, headers=signed(f"{PUBLIC_URL}/hooks/sms_twilio", form), **more)


def count(rt: Runtime, table: str) -> int:
    with rt.engine.connect() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


def test_a_genuine_sms_is_kept_and_acknowledged_as_the_provider_wants(rt: Runtime, client: FlaskClient) -> None:
    answer = post_sms(client)
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    assert answer.text.endswith("<Response/>")
    with rt.engine.connect() as connection:
        assert connection.execute(text("select text from message")).scalar_one() == SMS["Body"]


def test_the_address_that_is_verified_is_ours_and_not_the_one_the_caller_names(client: FlaskClient) -> None:
    assert post_sms(client, base_url="https://evil.example.com").status_code == 200
    url = "https://evil.example.com/hooks/sms_twilio"
    forged = client.post("/hooks/sms_twilio", data=SMS, headers=signed(url, SMS), base_url="https://evil.example.com")
    assert forged.status_code == 403


def test_the_query_is_verified_as_it_came(rt: Runtime, client: FlaskClient) -> None:
    query = "?a=1%2F2&b=%7Ec&a=+d"
    url = f"{PUBLIC_URL}/hooks/sms_twilio{query}"
    assert client.post(f"/hooks/sms_twilio{query}", data=SMS, headers=signed(url, SMS)).status_code == 200


def test_a_retry_is_acknowledged_and_kept_once(rt: Runtime, client: FlaskClient) -> None:
    assert [post_sms(client).status_code for _ in range(3)] == [200, 200, 200]
    assert (count(rt, "message"), count(rt, "report"), count(rt, "outbox")) == (1, 1, 1)


def test_a_letter_is_kept_as_it_came(rt: Runtime, client: FlaskClient) -> None:
    answer = client.post("/hooks/email_mime", data=LETTER, headers=MAIL_HEADERS, content_type="message/rfc822")
    assert answer.status_code == 200
    with rt.engine.connect() as connection:
        assert connection.execute(text("select sender, text from message")).one() == (
            "warga@example.id",
            "Jalan rusak di Muara Enim",
        )


def test_what_cannot_be_read_is_kept_and_acknowledged(rt: Runtime, client: FlaskClient) -> None:
    form = {"Body": "without an id"}
    assert post_sms(client, form).status_code == 200
    with rt.engine.connect() as connection:
        (kept,) = quarantine.waiting(connection)
    assert (kept.channel, kept.reason) == ("sms_twilio", "no message id")
    assert count(rt, "message") == 0


def test_every_door_of_every_channel_refuses_what_is_forged_and_counts_it(rt: Runtime) -> None:
    app = create_app(rt)
    assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/hooks")], "the pages have no door"
    configured = [name for name in rt.channels if name != web_form.NAME]
    assert set(configured) == set(KNOWN_CHANNELS) - {web_form.NAME}, "every channel there is must be configured here"
    client = app.test_client()
    for door in DOORS:
        for name in configured:
            for method in ("GET", "POST"):
                address = door.format(channel=name)
                answer = client.open(address, method=method, data=SMS if method == "POST" else None)
                assert answer.status_code == 403, (method, address)
                assert answer.mimetype == "text/plain"
    assert count(rt, "message") == count(rt, "quarantine") == 0
    with rt.engine.connect() as connection:
        refused = quarantine.refusals(connection)
    assert refused[("sms_twilio", "forged")] == 8
    assert refused[("email_mime", "forged")] >= 2


def test_no_other_way_leads_to_a_door(client: FlaskClient) -> None:
    for address in (
        "/hooks/sms_twilio/",
        "/hooks//sms_twilio",
        "/hooks/sms_twilio/a/b",
        "/hooks/sms_twilio/a/delivery/b",
    ):
        assert client.post(address, data=SMS, headers=signed(f"{PUBLIC_URL}{address}", SMS)).status_code == 404
    assert client.post("/HOOKS/sms_twilio", data=SMS).status_code == 404


@pytest.mark.parametrize("address", ["/hooks/web_form", "/hooks/web_form/delivery", "/hooks/nothing", "/hooks/"])
def test_there_is_no_door_for_the_form_nor_for_what_is_not_configured(
    rt: Runtime, client: FlaskClient, address: str
) -> None:
    assert client.post(address, data={"token": "t" * 20, "text": "x"}).status_code == 404
    assert count(rt, "message") == count(rt, "refusal") == 0


def test_other_methods_do_nothing(rt: Runtime, client: FlaskClient) -> None:
    url = f"{PUBLIC_URL}/hooks/sms_twilio"
    for method in ("HEAD", "PUT", "DELETE", "OPTIONS"):
        answer = client.open("/hooks/sms_twilio", method=method, headers=signed(url, {}))
        assert answer.status_code == 405
    assert count(rt, "message") == count(rt, "quarantine") == 0


def test_a_letter_is_left_with_its_mail_server_while_the_database_is_away(away: Runtime) -> None:
    answer = create_app(away).test_client().post("/hooks/email_mime", data=LETTER, headers=MAIL_HEADERS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert Spool.of(away).waiting() == []


def test_what_an_sms_gateway_would_drop_waits_in_the_spool(rt: Runtime, away: Runtime) -> None:
    client = create_app(away).test_client()
    reply_id = promised_reply(rt)
    told = {**SMS, "MessageStatus": "sent"}
    url = f"{PUBLIC_URL}/hooks/sms_twilio/delivery?mid={reply_id}"
    assert post_sms(client).status_code == 200
    assert client.post(url.removeprefix(PUBLIC_URL), data=told, headers=signed(url, told)).status_code == 200
    assert len(Spool.of(away).waiting()) == 2
    assert count(rt, "message") == 0
    assert Spool.of(rt).receive_all(rt) == 2
    assert (count(rt, "message"), count(rt, "delivery_report")) == (1, 1)


def test_a_database_in_which_nobody_may_write_is_away_too(rt: Runtime) -> None:
    """A standby after a change of servers, or tables that are not those of this release."""
    with rt.engine.begin() as connection:
        connection.execute(text("alter table message rename to elsewhere"))
    client = create_app(rt).test_client()
    assert post_sms(client).status_code == 200
    assert client.post("/hooks/email_mime", data=LETTER, headers=MAIL_HEADERS).status_code == 503
    assert Spool.of(rt).receive_all(rt) == 0
    with rt.engine.begin() as connection:
        connection.execute(text("alter table elsewhere rename to message"))
    assert Spool.of(rt).receive_all(rt) == 1
    assert (count(rt, "message"), count(rt, "quarantine")) == (1, 0)


def test_a_spool_that_takes_nothing_leaves_it_with_the_gateway(away: Runtime, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    answer = post_sms(create_app(away).test_client())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_forged_request_is_refused_also_when_it_cannot_be_counted(away: Runtime) -> None:
    assert create_app(away).test_client().post("/hooks/sms_twilio", data=SMS).status_code == 403


def test_what_is_too_large_is_refused_and_counted(rt: Runtime) -> None:
    narrow = replace(rt, settings=replace(rt.settings, max_body_bytes=1000))
    answer = create_app(narrow).test_client().post("/hooks/email_mime", data=LETTER + b"x" * 1000, headers=MAIL_HEADERS)
    assert answer.status_code == 413
    with rt.engine.connect() as connection:
        assert quarantine.refusals(connection) == {("email_mime", "too_large"): 1}


def test_a_form_of_thousands_of_fields_is_refused(client: FlaskClient) -> None:
    form = "&".join(f"a{n}=1" for n in range(1001))
    answer = client.post("/hooks/sms_twilio", data=form, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413


def promised_reply(rt: Runtime) -> int:
    """A reply that the gateway has taken; its id."""
    with rt.engine.begin() as connection:
        made = connection.execute(
            text("""insert into reply (cause, kind, channel, recipient, sender, text, state)
                    values ('c', 'k', 'sms_twilio', '+628110000001', '+628110001708', 't', 'accepted')
                    returning id""")
        )
        return int(made.scalar_one())


def test_a_delivery_report_settles_its_reply(rt: Runtime, client: FlaskClient) -> None:
    reply = promised_reply(rt)
    form = {"MessageSid": "SM" + "2" * 32, "MessageStatus": "delivered"}
    query = f"/hooks/sms_twilio/delivery?mid={reply}"
    assert client.post(query, data=form, headers=signed(PUBLIC_URL + query, form)).status_code == 200
    with rt.engine.connect() as connection:
        assert connection.execute(text("select state from reply")).scalar_one() == "delivered"


def test_a_channel_that_brings_too_much_nobody_can_read_keeps_it_itself(rt: Runtime) -> None:
    """A letter stays with its mail server, an SMS waits in the spool. Nothing is pushed out."""
    client = create_app(replace(rt, quarantine_limits=Limits(most_requests=2))).test_client()
    answers = [client.post(f"/hooks/email_mime?n={number}", headers=MAIL_HEADERS) for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 503]
    assert answers[2].headers["Retry-After"] == "5"
    client = create_app(replace(rt, quarantine_limits=Limits(most_bytes=40))).test_client()
    for number in range(4):
        assert post_sms(client, {"Body": f"without an id, number {number}"}).status_code == 200
    assert len(Spool.of(rt).waiting()) == 2
    assert count(rt, "quarantine") == 4
    with rt.engine.connect() as connection:
        refused = quarantine.refusals(connection)
    assert refused == {("email_mime", "quarantine_full"): 1, ("sms_twilio", "quarantine_full"): 2}


def test_when_the_database_stands_still_those_beyond_the_bound_are_told_so_and_nobody_is_lost(rt: Runtime) -> None:
    """The table is locked, as by a long repair: real PostgreSQL, eighty callers at once, half of them SMS."""
    app = create_app(rt)

    def sms(number: int) -> int:
        return int(post_sms(app.test_client(), {**SMS, "MessageSid": f"SM{number:032}"}).status_code)

    def letter(number: int) -> int:
        said = LETTER.replace(b"<1@", b"<%d@" % number)
        return int(app.test_client().post("/hooks/email_mime", data=said, headers=MAIL_HEADERS).status_code)

    with ThreadPoolExecutor(80) as pool:
        with rt.engine.begin() as connection:
            connection.execute(text("lock table message in exclusive mode"))
            callers = [pool.submit(sms if number % 2 else letter, number) for number in range(80)]
            # All who found no place have their answer although nothing moves.
            while sum(each.done() for each in callers) < 80 - MOST_AT_ONCE:
                wait([each for each in callers if not each.done()], return_when=FIRST_COMPLETED, timeout=30)
            refused_late = [sms(1001), letter(1000)]
        answers = [each.result() for each in callers]
    assert set(answers[1::2]) == {200}
    assert set(answers[0::2]) <= {200, 503}
    assert answers.count(503) >= 10
    assert refused_late == [200, 503]
    Spool.of(rt).receive_all(rt)
    assert Spool.of(rt).look().waiting == 0
    with rt.engine.connect() as connection:
        channels = list(connection.execute(text("select channel from message")).scalars())
    assert channels.count("sms_twilio") == 41
    assert channels.count("email_mime") >= answers[0::2].count(200)
