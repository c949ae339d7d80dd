"""What holds for every page: headers, cookies, no inline code, nothing from elsewhere, plain words for faults."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

import intake.web
from intake import links
from intake.runtime import Runtime
from intake.web.app import create_app
from tests.intake.web.conftest import a_report, an_officer, form_to, log_in, report_typed

WEB = Path(intake.web.__file__).parent
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


def test_every_answer_carries_the_same_strict_headers(client: FlaskClient) -> None:
    for address in ("/", "/lapor", "/meja", "/meja/masuk", "/nothing", "/static/sahut.css", "/healthz", "/hooks/x"):
        answer = client.get(address, buffered=True)
        assert answer.headers["Content-Security-Policy"] == POLICY, address
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_pages_that_refresh_themselves_may_ask_us_and_nobody_else(rt: Runtime, client: FlaskClient) -> None:
    report = a_report(rt)
    page = client.get(f"/lapor/{report.reference}?k={links.tracking_token(rt.settings, report.id)}")
    assert page.headers["Content-Security-Policy"] == f"{POLICY}; connect-src 'self'"


def test_pages_with_somebodys_data_are_kept_by_no_cache(rt: Runtime, client: FlaskClient) -> None:
    an_officer(rt)
    report = a_report(rt)
    log_in(client)
    secret = links.tracking_token(rt.settings, report.id)
    answers = [
        client.get(f"/lapor/{report.reference}?k={secret}"),
        client.get("/meja"),
        client.get(f"/meja/{report.reference}"),
        client.get("/meja/masuk"),
        report_typed(client, ""),
        report_typed(client),
        client.get("/lapor/AAA-BBBB"),
    ]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store", answer.request.path
        assert "Content-Encoding" not in answer.headers


def test_pages_with_secrets_are_never_compressed_public_ones_are(rt: Runtime, client: FlaskClient) -> None:
    gzip = {"Accept-Encoding": "gzip"}
    report = a_report(rt)
    secret = links.tracking_token(rt.settings, report.id)
    assert "Content-Encoding" not in client.get(f"/lapor/{report.reference}?k={secret}", headers=gzip).headers
    for address in ("/", "/lapor", "/cara", "/static/sahut.css", "/static/lapor.js"):
        answer = client.get(address, headers=gzip, buffered=True)
        assert answer.headers["Content-Encoding"] == "gzip", address
        assert "Accept-Encoding" in answer.headers["Vary"]
        plain = client.get(address, headers={"Accept-Encoding": "identity"}, buffered=True)
        assert "Content-Encoding" not in plain.headers


def test_the_form_repeats_nothing_that_a_link_can_choose(client: FlaskClient) -> None:
    """It is sent compressed and holds a security token: what a stranger chooses must not stand beside it."""
    page = client.get("/lapor?text=ECHO-ME&place=16.03&token=ECHO-ME&name=ECHO-ME").text
    assert "ECHO-ME" not in re.sub(r'href="[^"]*"', "", page)


def test_static_files_are_asked_for_again_only_when_changed(client: FlaskClient) -> None:
    first = client.get("/static/sahut.css", headers={"Accept-Encoding": "gzip"}, buffered=True)
    again = client.get("/static/sahut.css", headers={"If-None-Match": first.headers["ETag"]}, buffered=True)
    assert (again.status_code, again.data) == (304, b"")
    assert "max-age=3600" in first.headers["Cache-Control"]


@pytest.mark.parametrize("public_url", ["https://lapor.example.go.id", "http://127.0.0.1:8080"])
def test_cookies_are_closed_to_scripts_and_other_sites_and_without_tls(rt: Runtime, public_url: str) -> None:
    app = create_app(replace(rt, settings=replace(rt.settings, public_url=public_url)))
    client = app.test_client()
    cookies = client.get("/lapor?lang=en").headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) == public_url.startswith("https")
    if public_url.startswith("https"):
        assert any(cookie.startswith("__Host-sahut=") for cookie in cookies)


def test_every_form_of_ours_wants_its_security_token(rt: Runtime) -> None:
    """From the table of routes: whatever takes a POST, but for the hooks, refuses one without the token."""
    app = create_app(rt)
    an_officer(rt)
    client = app.test_client()
    log_in(client)
    posts = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or set())]
    ours = [rule for rule in posts if not rule.endpoint.startswith("hooks.")]
    assert len(ours) >= 8
    for rule in ours:
        address = rule.rule.replace("<reference>", "AAA-BBBB").replace("<doing>", "jawab")
        address = re.sub(r"<any\('?([\w-]+)[^>]*>", r"\1", re.sub(r"<int:\w+>", "1", address))
        assert client.post(address, data={"text": "x"}).status_code == 400, address


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_inline_code_or_anything_of_another_site(template: Path) -> None:
    source = template.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=|\son[a-z]+\s*=|<style|<script(?![^>]*\ssrc=)|javascript:", source)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", source)
    assert not re.search(r"\|\s*safe\b|autoescape", source)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_form_that_posts_carries_the_token_and_a_way_to_send_it(template: Path) -> None:
    source = template.read_text(encoding="utf-8")
    for form in re.findall(r'<form method="post".*?</form>', source, re.DOTALL):
        assert 'name="csrf_token"' in form
        assert "<button" in form


def test_scripts_and_styles_fetch_nothing_from_elsewhere() -> None:
    for file in (WEB / "static").iterdir():
        source = file.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]|@import|url\(|eval\(|innerHTML", source), file.name


# When it goes wrong.


def failing(rt: Runtime) -> Flask:
    app = create_app(rt)

    def fail() -> str:
        raise ZeroDivisionError("a secret of somebody")

    def refuse(status: int) -> str:
        from flask import abort

        abort(status)

    app.add_url_rule("/fail", view_func=fail, methods=["GET", "POST"])
    app.add_url_rule("/refuse/<int:status>", view_func=refuse)
    return app


def test_every_refusal_has_its_page_in_plain_words(rt: Runtime) -> None:
    client = failing(rt).test_client()
    titles = set()
    for status in (400, 403, 404, 405, 413, 429, 500, 503):
        answer = client.get(f"/refuse/{status}")
        assert answer.status_code == status
        title = re.search("<h1>(.*?)</h1>", answer.text)
        assert title is not None
        titles.add(title[1])
        assert "Traceback" not in answer.text
        assert 'href="/"' in answer.text
    assert len(titles) == 8


def test_a_fault_of_ours_tells_nothing_and_gives_back_what_was_typed(rt: Runtime) -> None:
    client = failing(rt).test_client()
    answer = client.get("/fail")
    assert answer.status_code == 500
    assert "secret of somebody" not in answer.text
    token = form_to(client.get("/lapor"), "/lapor/periksa").fields["csrf_token"]
    posted = client.post("/fail", data={"csrf_token": token, "text": "Panjang sekali <b>"})
    assert posted.status_code == 500
    again = form_to(posted, "/fail")
    assert again.fields["text"] == "Panjang sekali <b>"
    assert again.fields["csrf_token"]


def test_too_large_a_form_is_told(client: FlaskClient) -> None:
    answer = client.post("/lapor/periksa", data={"text": "x" * 600_000})
    assert answer.status_code == 413
    assert "lebih besar" in answer.text


def test_a_wrong_method_says_which_is_right(client: FlaskClient) -> None:
    answer = client.put("/lapor")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_machines_are_told_in_plain_text(client: FlaskClient) -> None:
    for address in ("/hooks/nothing", "/hooks/sms_twilio/delivery/more"):
        answer = client.post(address)
        assert (answer.status_code, answer.mimetype) == (404, "text/plain")


# Languages.


def test_english_is_a_choice_that_is_remembered(client: FlaskClient) -> None:
    first = client.get("/lapor")
    assert '<html lang="id">' in first.text
    switch = re.search(r'<a href="([^"]*)" lang="en" hreflang="en">English</a>', first.text)
    assert switch is not None
    english = client.get(switch[1])
    assert '<html lang="en">' in english.text
    assert "What happened, and where?" in english.text
    assert '<html lang="en">' in client.get("/").text
    assert '<html lang="id">' in client.get("/?lang=id").text
    assert '<html lang="id">' in client.get("/").text


def test_an_unknown_language_changes_nothing(client: FlaskClient) -> None:
    answer = client.get("/?lang=xx", headers={"Accept-Language": "en"})
    assert '<html lang="id">' in answer.text
    assert not any("bahasa=" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def test_changing_the_language_keeps_the_secret_of_a_report(rt: Runtime, client: FlaskClient) -> None:
    report = a_report(rt)
    secret = links.tracking_token(rt.settings, report.id)
    page = client.get(f"/lapor/{report.reference}?k={secret}")
    switch = re.search(r'<a href="([^"]*)" lang="en"', page.text)
    assert switch is not None
    english = client.get(switch[1].replace("&amp;", "&"))
    assert english.status_code == 200
    assert "passed on, waiting for a response" in english.text
