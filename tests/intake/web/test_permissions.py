"""Every address of the desk, as every role, as strangers of another regency and as nobody.

The list of addresses is made from the application's own table of routes, and what is expected from what each route says
it is for (``allows``) and from the table of roles: an address that says nothing does not start, one with a part that is
not known here fails. The table itself is written out once more below, because whoever changes who may do what should
have to say so twice.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from intake import desk
from intake.bulk import BULK
from intake.domain.permission import ALLOWED, GIVES, NATIONAL, ROLES, Action, Role
from intake.domain.reference import reference_of
from intake.runtime import Runtime
from intake.storage import dispositions, officers, reports, scope
from intake.storage.officers import Officer
from intake.storage.reports import Report
from intake.storage.tables import metadata
from intake.web.app import create_app
from intake.web.desk_actions import ACTIONS
from intake.web.desk_pages import desk_pages
from intake.web.log_in import RouteWithoutRule, action_of, check_rules, officer_here, require_officer
from intake.web.people_pages import DOINGS as DOINGS_WITH_PEOPLE
from tests.factories import MUARA_ENIM
from tests.intake.web.conftest import BOGOR, PASSWORD, a_report, form_to, log_in

UNIT = "PUPR"
WHO: dict[str, tuple[Role, str | None, str | None]] = {
    "central": ("central", None, None),
    "regency": ("regency", MUARA_ENIM, None),
    "unit": ("unit", MUARA_ENIM, UNIT),
    "other unit": ("unit", MUARA_ENIM, "DLH"),
    "inspector": ("inspector", MUARA_ENIM, None),
    "leader": ("leader", MUARA_ENIM, None),
    "operator": ("operator", None, None),
    "strange regency": ("regency", BOGOR, None),
    "strange unit": ("unit", BOGOR, UNIT),
    "strange inspector": ("inspector", BOGOR, None),
    "strange leader": ("leader", BOGOR, None),
}
#: Whose the report of these tests is: of Muara Enim, no supervision case, handed to PUPR.
OWNERS = {"central", "regency", "unit", "leader"}

#: Who may do what, once more: c(entral) r(egency) u(nit) i(nspector) l(eader) o(perator).
TABLE: Mapping[str, str] = {
    "own_account": "cruilo", "list_reports": "cruil", "read_report": "cruil", "print_report": "cruil",
    "read_file": "cruil", "export_reports": "cr", "see_figures": "cruil", "enter_report": "crui", "verify": "cr",
    "route": "c", "dispose": "cr", "send_back": "crui", "take_up": "crui", "answer": "crui", "ask": "crui",
    "pass_on": "cri", "note": "crui", "correct": "cri", "merge": "cr", "part": "cr", "close": "crui", "archive": "cr",
    "restore": "cr", "reopen": "cr", "use_templates": "crui", "write_templates": "cr", "name_readers": "cr",
    "look_at_identity": "crui", "reveal_anonymous": "ci", "read_audit": "ci", "manage_people": "cr",
    "take_back": "cr", "answer_part": "crui", "block_sender": "cr", "publish": "cr",
    "set_regency": "cr", "see_quarantine": "co", "operate": "co",
}  # fmt: skip

#: What may be typed where an address or a form wants something; a form that wants more says so with 400.
TYPED = {
    "regency": BOGOR, "reason": "x", "words": "x", "question": "x", "target": "PLN", "note": "x", "urgency": "tinggi",
    "unit": UNIT, "text": "Jalan rusak di Lawang Kidul",
}  # fmt: skip
_DONE_OR_TOLD = {200, 303, 400, 409}


def test_the_table_of_roles_is_the_one_written_here() -> None:
    letters = {"c": "central", "r": "regency", "u": "unit", "i": "inspector", "l": "leader", "o": "operator"}
    assert set(letters.values()) == set(ROLES) == set(ALLOWED)
    assert {str(action) for action in Action} == set(TABLE)
    for action in Action:
        allowed = {letters[letter] for letter in TABLE[action]}
        assert {role for role in ROLES if action in ALLOWED[role]} == allowed, action


def test_nobody_gives_away_more_than_they_have() -> None:
    assert {role for role in ROLES if Action.MANAGE_PEOPLE in ALLOWED[role]} == set(GIVES)
    assert not GIVES["regency"] & NATIONAL


@dataclass(frozen=True)
class Door:
    """One address of the desk and what it asks for."""

    method: str
    endpoint: str
    address: str
    action: Action

    def about_a_report(self, reference: str) -> bool:
        return reference in self.address or "/berkas/" in self.address


def doors(app: Flask, report: Report) -> list[Door]:
    """Every address behind ``require_officer``, its parts filled in."""
    parts: dict[str, list[str] | list[int]] = {
        "reference": [report.reference],
        "doing": sorted(ACTIONS),
        "file_id": [1],
        "officer_id": [1],
        "session_id": [1],
        "template_id": [1],
        "view_id": [1],
        "step": sorted(BULK),
        "change": list(DOINGS_WITH_PEOPLE),
    }
    guarded = {name for name, before in app.before_request_funcs.items() if require_officer in before}
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.rpartition(".")[0] not in guarded:
            continue
        unknown = rule.arguments - parts.keys()
        assert not unknown, f"{rule}: say in this test what stands for {unknown}"
        names = sorted(rule.arguments)
        for values in itertools.product(*(parts[name] for name in names)):
            given = dict(zip(names, values, strict=True))
            with app.test_request_context():
                address = app.url_for(rule.endpoint, **given)  # type: ignore[arg-type]
            action = action_of(app.view_functions[rule.endpoint], given)
            assert action is not None, rule
            found += [
                Door(m, rule.endpoint, urlsplit(address).path, action)
                for m in (rule.methods or set()) - {"HEAD", "OPTIONS"}
            ]
    return sorted(found, key=lambda door: (door.method, door.address))


@pytest.fixture
def report(rt: Runtime) -> Report:
    found = a_report(rt)
    assert found.regency == MUARA_ENIM
    with rt.engine.begin() as connection:
        dispositions.hand_to(connection, found.id, [UNIT], officer_id=None, note="")
    return found


def officer(rt: Runtime, who: str) -> Officer:
    role, regency, unit = WHO[who]
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username=who.replace(" ", "-"), name=who, password=PASSWORD, role=role, regency=regency, unit=unit
        )  # fmt: skip
    assert made is not None
    return made


@pytest.fixture
def app(rt: Runtime) -> Flask:
    return create_app(rt)


@pytest.fixture
def browsers(rt: Runtime, app: Flask) -> dict[str, FlaskClient]:
    """One logged-in browser for each of ``WHO``."""
    opened = {}
    for who in WHO:
        officer(rt, who)
        opened[who] = app.test_client()
        assert log_in(opened[who], who.replace(" ", "-")).status_code == 303
    return opened


def token_of(browser: FlaskClient) -> dict[str, str]:
    """The token of this browser's forms; every page of the desk has one, also that of what does not exist."""
    return {"csrf_token": form_to(browser.get("/meja/masuk"), "/masuk").fields["csrf_token"]}


#: What a look at a page writes by itself.
_WRITTEN_BY_LOOKING = {"officer_session", "attempt"}


def everything(rt: Runtime) -> dict[str, object]:
    """A digest of every table."""
    tables = [t.name for t in metadata.sorted_tables if t.name not in _WRITTEN_BY_LOOKING | {"regency", "desk"}]
    each = " union all ".join(
        f"select '{name}', md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {name} t"
        for name in tables
    )
    with rt.engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(text(each))}


def expected(door: Door, who: str, report: Report) -> bool:
    allowed = door.action in ALLOWED[WHO[who][0]]
    return allowed and (who in OWNERS or not door.about_a_report(report.reference))


def test_every_door_opens_to_whom_it_is_for_and_to_nobody_else(
    rt: Runtime, app: Flask, report: Report, browsers: dict[str, FlaskClient]
) -> None:
    tokens = {who: token_of(browser) for who, browser in browsers.items()}
    found = doors(app, report)
    assert len(found) > 20
    for door in found:
        if door.endpoint == "desk_files.give":
            continue  # there is no file here; its own tests hold it

        def ask(who: str, door: Door = door) -> tuple[int, object]:
            typed = {**TYPED, **tokens[who]} if door.method == "POST" else None
            answer = browsers[who].open(door.address, method=door.method, data=typed)
            if who not in OWNERS:
                said = answer.data.decode(errors="replace")  # a download is no text
                assert report.reference not in said.replace(f"/meja/{report.reference}", ""), (who, door)
            return answer.status_code, (who, door)

        welcome = {who for who in WHO if expected(door, who, report)}
        before = everything(rt)
        for who in sorted(set(WHO) - welcome):
            status, where = ask(who)
            assert status == 404, where
        assert everything(rt) == before, door
        for who in sorted(welcome):
            status, where = ask(who)
            # Done; or told that it cannot be done in this state or with these words: not that there is no such page.
            assert status in _DONE_OR_TOLD or door.endpoint in _ABOUT_SOMETHING_ELSE, (status, where)
            put_back(rt, report)


def put_back(rt: Runtime, report: Report) -> None:
    """As if nothing had been done with the report."""
    with rt.engine.begin() as connection:
        connection.execute(
            text("""update report set state = :state, regency = :regency, unit = :unit, topic = :topic, type = :type,
                           secret = :secret, merged_into = null, held_by = null, waiting_for = null where id = :id"""),
            {
                "id": report.id, "state": report.state, "regency": report.regency, "unit": report.unit,
                "topic": report.topic, "type": report.type, "secret": report.secret,
            },
        )  # fmt: skip
        dispositions.end(connection, report.id, officer_id=None, why="test")
        dispositions.hand_to(connection, report.id, [UNIT], officer_id=None, note="")


#: Addresses about an account or a log-in that is not theirs, or is their own: tried in ``test_people_pages``; about a
#: template or a view that is not there: tried in ``test_desk_views``.
_ABOUT_SOMETHING_ELSE = {
    "people.act",
    "identity.look",
    "desk_templates.change",
    "desk_templates.drop",
    "desk_views.drop",
}


def test_nobody_gets_anywhere_without_a_log_in(rt: Runtime, app: Flask, report: Report) -> None:
    nobody = app.test_client()
    token = token_of(nobody)
    before = everything(rt)
    for door in doors(app, report):
        answer = nobody.open(
            door.address, method=door.method, data={**TYPED, **token} if door.method == "POST" else None
        )
        assert answer.status_code == 303, door
        assert urlsplit(answer.location).path == "/meja/masuk", door
    assert everything(rt) == before


def test_nothing_is_done_without_the_token_of_a_form(
    rt: Runtime, app: Flask, report: Report, browsers: dict[str, FlaskClient]
) -> None:
    before = everything(rt)
    for door in doors(app, report):
        if door.method != "POST":
            continue
        for data in (TYPED, {**TYPED, "csrf_token": token_of(app.test_client())["csrf_token"]}):
            answer = browsers["central"].post(door.address, data=data)
            assert answer.status_code == 400, (door, answer.status_code)
    assert everything(rt) == before


def plain(page: str) -> str:
    return re.sub(r'value="[^"]*"|href="[^"]*"', "", page)


def test_what_is_anothers_looks_like_what_is_not_there(
    app: Flask, report: Report, browsers: dict[str, FlaskClient]
) -> None:
    absent = reference_of(report.id + 32_000)
    for who in sorted(set(WHO) - OWNERS):
        for path in ("", "/cetak"):
            theirs = browsers[who].get(f"/meja/{report.reference}{path}")
            nothing = browsers[who].get(f"/meja/{absent}{path}")
            assert (theirs.status_code, plain(theirs.text)) == (nothing.status_code, plain(nothing.text)), (who, path)
        for doing in ("jawab", "selesai", "tidak-ada"):
            token = token_of(browsers[who])
            theirs = browsers[who].post(f"/meja/{report.reference}/{doing}", data={**TYPED, **token})
            nothing = browsers[who].post(f"/meja/{absent}/{doing}", data={**TYPED, **token})
            assert (theirs.status_code, plain(theirs.text)) == (nothing.status_code, plain(nothing.text)), (who, doing)


def test_a_leader_finds_no_button(report: Report, browsers: dict[str, FlaskClient]) -> None:
    page = browsers["leader"].get(f"/meja/{report.reference}").text
    assert report.reference in page
    assert page.count('method="post"') == 1, "going out, and nothing else"


def test_a_route_that_says_nothing_stops_the_house(app: Flask) -> None:
    check_rules(app)
    bare = Flask("bare")
    part = Blueprint("part", __name__, url_prefix="/meja")
    part.before_request(require_officer)
    part.add_url_rule("/baru", "new", lambda: officer_here().name)
    bare.register_blueprint(part)
    with pytest.raises(RouteWithoutRule, match="/meja/baru"):
        check_rules(bare)


def test_every_address_of_the_desk_is_guarded(app: Flask) -> None:
    guarded = {name for name, before in app.before_request_funcs.items() if require_officer in before}
    open_to_anybody = {
        str(rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(desk_pages.url_prefix or "!") and rule.endpoint.rpartition(".")[0] not in guarded
    }
    assert open_to_anybody == {"/meja/masuk", "/meja/masuk/kode", "/meja/keluar", "/meja/lupa", "/meja/kata-sandi"}


# Whose reports are whose.


@pytest.fixture
def seen_by(rt: Runtime) -> dict[str, Officer]:
    return {who: officer(rt, who) for who in WHO}


def who_sees(rt: Runtime, seen_by: dict[str, Officer], report: Report) -> set[str]:
    with rt.engine.connect() as connection:
        return {who for who, each in seen_by.items() if scope.sees(connection, each, report.id)}


def test_a_unit_sees_what_was_handed_to_it_until_it_is_taken_back(
    rt: Runtime, report: Report, seen_by: dict[str, Officer]
) -> None:
    assert who_sees(rt, seen_by, report) == OWNERS
    with rt.engine.begin() as connection:
        dispositions.end(connection, report.id, officer_id=None, why="x", unit=UNIT)
        dispositions.hand_to(connection, report.id, ["DLH"], officer_id=None, note="")
    assert who_sees(rt, seen_by, report) == {"central", "regency", "leader", "other unit"}


def test_a_report_that_moves_to_another_regency_leaves_its_units(
    rt: Runtime, report: Report, seen_by: dict[str, Officer]
) -> None:
    desk.send_back(rt, seen_by["regency"], report.reference, reason="x")
    assert who_sees(rt, seen_by, report) == {"central"}
    desk.route(rt, seen_by["central"], report.reference, regency=BOGOR)
    assert who_sees(rt, seen_by, report) == {"central", "strange regency", "strange leader"}
    desk.send_back(rt, seen_by["strange regency"], report.reference, reason="x")
    desk.route(rt, seen_by["central"], report.reference, regency=MUARA_ENIM)
    assert who_sees(rt, seen_by, report) == OWNERS - {"unit"}


def test_an_inspector_sees_supervision_cases(rt: Runtime, report: Report, seen_by: dict[str, Officer]) -> None:
    with rt.engine.begin() as connection:
        reports.amend(connection, report.id, {"topic": "HKM.01"})
    assert who_sees(rt, seen_by, report) == OWNERS | {"inspector"}


def test_a_secret_report_is_for_named_people(rt: Runtime, report: Report, seen_by: dict[str, Officer]) -> None:
    with rt.engine.begin() as connection:
        reports.amend(connection, report.id, {"secret": True})
    assert who_sees(rt, seen_by, report) == {"central", "regency"}
    with rt.engine.begin() as connection:
        for who in ("unit", "other unit", "strange unit"):
            dispositions.name_reader(connection, report.id, seen_by[who].id, named_by=seen_by["regency"].id)
    assert who_sees(rt, seen_by, report) == {"central", "regency", "unit"}
