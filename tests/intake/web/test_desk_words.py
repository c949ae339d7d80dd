"""Every code the program writes into a history has words at the desk: codes are found in the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from intake.domain.decision import CLEAR_PLACE
from intake.runtime import Runtime
from intake.web import desk_words
from intake.web.app import create_app

ROOT = Path(__file__).parents[3]
#: The functions whose codes stand at a place and not behind a name: (function, which argument) of a reason.
_PLACED = {("Decision", 1), ("decided_by_citizen", 2)}


def calls() -> Iterator[ast.Call]:
    for room in ("intake", "workers"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield node


def is_code(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.replace("_", "").isalpha()


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def codes(keyword: str) -> set[str]:
    """What is given by this name to whatever function; of a choice between two, both."""
    return {
        part.value  # type: ignore[attr-defined]
        for call in calls()
        for given in call.keywords
        if given.arg == keyword
        for part in ([given.value.body, given.value.orelse] if isinstance(given.value, ast.IfExp) else [given.value])
        if is_code(part)
    } - {"store_true"}


def placed() -> set[str]:
    return {
        call.args[place].value  # type: ignore[attr-defined]
        for call in calls()
        for function, place in _PLACED
        if name_of(call) == function and len(call.args) > place and is_code(call.args[place])
    }


@pytest.fixture
def app(rt: Runtime) -> Flask:
    return create_app(rt)


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_step_of_a_history_has_words(app: Flask, language: str) -> None:
    used = codes("action") | {"hand_over", "ask_place", "ask_which", "triage", "put_aside"}
    used |= {"answer_came", "gave_up_asking"}  # given by their place, in workers.remind
    assert {"taken_down", "sent_back", "resent", "withdrawn"} <= used, "the source is not read any more"
    with app.test_request_context(f"/?lang={language}"):
        known = desk_words.actions()
        assert used - known.keys() == set()
        assert all(desk_words.action(code) == known[code] for code in used)


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_reason_has_words(app: Flask, language: str) -> None:
    used = codes("reason") | placed() | {"part", "correction", CLEAR_PLACE}
    used |= {"opted_out", "blocked", "unreachable"}  # intake.storage.people
    assert {"tidak_dijawab", "dijawab_pelapor"} <= used, "the source is not read any more"
    with app.test_request_context(f"/?lang={language}"):
        assert used - desk_words.reasons().keys() == set()


def test_words_of_an_officer_stay_their_own(app: Flask) -> None:
    with app.test_request_context("/"):
        assert desk_words.reason("di luar wilayah kami") == "di luar wilayah kami"
        assert desk_words.action("something_new") == "something new"


def test_who_is_not_written_to_is_said_with_its_reason(app: Flask) -> None:
    with app.test_request_context("/"):
        for code in ("opted_out", "blocked", "unreachable"):
            assert desk_words.silence(code)
            assert desk_words.failure(code) != code
        assert desk_words.silence(None) == ""
        assert desk_words.failure("30005") == "30005"
