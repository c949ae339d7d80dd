"""Every address of the desk, as every role and as strangers of another regency.

The list is made from the application's own table of routes: an address without a rule here fails.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from intake.runtime import Runtime
from intake.storage import officers, reports
from intake.storage.officers import Role
from intake.storage.reports import Report
from intake.web.app import create_app
from intake.web.desk_pages import ACTIONS
from intake.web.log_in import log_in as log_in_pages
from tests.factories import MUARA_ENIM
from tests.intake.web.conftest import BOGOR, PASSWORD, a_report, form_to, log_in

WHO: dict[str, tuple[Role, str | None]] = {
    "central": ("central", None),
    "own": ("regency", MUARA_ENIM),
    "leader": ("leader", MUARA_ENIM),
    "stranger": ("regency", BOGOR),
    "strange leader": ("leader", BOGOR),
}
_OFFICERS = {"central", "own"}
_EVERYBODY = set(WHO)


@dataclass(frozen=True)
class Rule:
    """Who gets through; all others get the page of what does not exist. Nobody gets anywhere without a log-in."""

    allowed: set[str]
    typed: dict[str, str] | None = None


#: By method and endpoint; what is done with a report, by the last part of its address.
PAGES: dict[tuple[str, str], Rule] = {
    ("GET", "desk.show_inbox"): Rule(_EVERYBODY),
    ("GET", "desk.show_quarantine"): Rule({"central"}),
    ("GET", "desk.show_report"): Rule(_OFFICERS | {"leader"}),
    ("GET", "desk.print_report"): Rule(_OFFICERS | {"leader"}),
    ("GET", "monev.show_dashboard"): Rule(_EVERYBODY),
    ("GET", "monev.download_table"): Rule(_EVERYBODY),
    ("GET", "desk_entry.show_entry"): Rule({"central", "own", "stranger"}),
    ("POST", "desk_entry.take_down"): Rule({"central", "own", "stranger"}, {"text": "Jalan rusak di Lawang Kidul"}),
}
DOINGS: dict[str, Rule] = {
    "teruskan": Rule({"central"}, {"regency": BOGOR}),
    "kembalikan": Rule(_OFFICERS, {"reason": "x"}),
    "kerjakan": Rule(_OFFICERS),
    "jawab": Rule(_OFFICERS, {"words": "x"}),
    "tanya": Rule(_OFFICERS, {"question": "x"}),
    "luar": Rule(_OFFICERS, {"target": "PLN", "reason": "x"}),
    "catat": Rule(_OFFICERS, {"note": "x"}),
    "perbaiki": Rule(_OFFICERS, {"urgency": "tinggi"}),
    "gabung": Rule(_OFFICERS, {"into": ""}),
    "pisah": Rule(_OFFICERS),
    "selesai": Rule(_OFFICERS),
    "arsip": Rule(_OFFICERS, {"reason": "x"}),
    "pulihkan": Rule(_OFFICERS),
}


def doors(app: Flask) -> list[tuple[str, str, str]]:
    """(Method, endpoint, address) of everything below /meja but the log-in."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/meja") and not rule.endpoint.startswith(f"{log_in_pages.name}."):
            found += [(m, rule.endpoint, rule.rule) for m in (rule.methods or set()) - {"HEAD", "OPTIONS"}]
    return sorted(found)


@pytest.fixture
def report(rt: Runtime) -> Report:
    found = a_report(rt)
    assert found.regency == MUARA_ENIM
    return found


@pytest.fixture
def browsers(rt: Runtime) -> dict[str, FlaskClient]:
    """One logged-in browser for each of ``WHO``."""
    app = create_app(rt)
    opened = {}
    for who, (role, regency) in WHO.items():
        username = who.replace(" ", "-")
        with rt.engine.begin() as connection:
            made = officers.add(connection, username=username, name=who, password=PASSWORD, role=role, regency=regency)
        assert made is not None
        opened[who] = app.test_client()
        assert log_in(opened[who], username).status_code == 303
    return opened


def test_every_door_of_the_desk_has_a_rule(rt: Runtime) -> None:
    found = doors(create_app(rt))
    with_files = {door for door in found if door[1].startswith("desk_files.")}  # its own tests hold those
    assert {(method, endpoint) for method, endpoint, _ in found if (method, endpoint, _) not in with_files} == {
        *PAGES, ("POST", "desk.act"),
    }  # fmt: skip
    assert set(DOINGS) == set(ACTIONS)


def test_pages_open_to_whom_they_are_for(rt: Runtime, report: Report, browsers: dict[str, FlaskClient]) -> None:
    for method, endpoint, rule in doors(create_app(rt)):
        if (method, endpoint) not in PAGES:
            continue
        wanted = PAGES[method, endpoint]
        for who, browser in browsers.items():
            address = rule.replace("<reference>", report.reference)
            token = form_to(browser.get("/meja"), "/keluar").fields
            if endpoint == "desk_entry.take_down" and who in wanted.allowed:
                token = form_to(browser.get(address), address).fields
            answer = browser.open(
                address, method=method, data={**token, **(wanted.typed or {})} if method == "POST" else None
            )
            expected = {200, 303} if who in wanted.allowed else {404}
            assert answer.status_code in expected, (method, address, who, answer.status_code)
            if who not in _OFFICERS | {"leader"}:
                assert report.reference not in answer.text.replace(f"/meja/{report.reference}", ""), (address, who)


@pytest.mark.parametrize("doing", sorted(DOINGS))
def test_what_may_be_done_and_by_whom(
    rt: Runtime, report: Report, browsers: dict[str, FlaskClient], doing: str
) -> None:
    rule = DOINGS[doing]

    def state() -> tuple[object, ...]:
        with rt.engine.connect() as connection:
            kept = reports.read(connection, report.id)
            count = connection.execute(text("select (select count(*) from history), (select count(*) from note)")).one()
        return (kept, *count)

    untouched = state()
    for who in itertools.chain(sorted(_EVERYBODY - rule.allowed), sorted(rule.allowed)):
        browser = browsers[who]
        token = form_to(browser.get("/meja"), "/keluar").fields
        answer = browser.post(f"/meja/{report.reference}/{doing}", data={**token, **(rule.typed or {})})
        if who in rule.allowed:
            # Done; or not possible in this state: told so, and not that there is no such page.
            assert answer.status_code in {303, 400, 409}, (doing, who, answer.status_code)
            if answer.status_code == 303:
                break
        else:
            assert answer.status_code == 404, (doing, who)
            assert state() == untouched, (doing, who)


def test_a_leader_finds_no_button(report: Report, browsers: dict[str, FlaskClient]) -> None:
    page = browsers["leader"].get(f"/meja/{report.reference}").text
    assert report.reference in page
    assert page.count("<form") == 1, "going out, and nothing else"
