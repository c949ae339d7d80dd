"""What can be done with a report on its page, by the last part of the address: each with its permission and its doing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from intake import answer_templates, desk, disposition, labels, merging, report_file
from intake.domain.permission import Action as Permission
from intake.runtime import Runtime
from intake.storage.officers import Officer
from intake.storage.reports import Report

Typed = Mapping[str, str]


def several(typed: Typed, name: str) -> list[str]:
    """All that was chosen under one name, in the order of the page."""
    chosen = typed.getlist(name) if isinstance(typed, MultiDict) else [typed.get(name, "")]
    return [each for each in dict.fromkeys(chosen) if each]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done: its name in ``report_file.may``, and how it is done with what was typed.

    ``done`` is its name where we say that it was done, if that is another one.
    """

    name: str
    do: Callable[[Runtime, Officer, str, Typed], Report]
    done: str = ""

    @property
    def permission(self) -> Permission:
        """What one has to be allowed to do for it: the actions of a report are called alike in both tables."""
        return Permission(self.name)


def _answer(rt: Runtime, officer: Officer, reference: str, typed: Typed) -> Report:
    return desk.answer(rt, officer, reference, words=filled(rt, officer, reference, typed.get("words", "")))


def filled(rt: Runtime, officer: Officer, reference: str, words: str) -> str:
    """What an officer wrote, its fields filled for this report. Raises NotYours, UnknownField."""
    with rt.engine.connect() as connection:
        report = report_file.find(connection, officer, reference)
    return answer_templates.fill(report, words)


def _a(name: str, do: Callable[..., Report], *fields: str, done: str = "", **renamed: str) -> Action:
    """An action that takes fields of the form as arguments; ``renamed``: argument by field."""
    wanted = {**{field: field for field in fields}, **renamed}

    def carry_out(rt: Runtime, officer: Officer, reference: str, typed: Typed) -> Report:
        given: dict[str, Any] = {argument: typed.get(field, "").replace("\0", "") for argument, field in wanted.items()}
        return do(rt, officer, reference, **given)

    return Action(name, carry_out, done)


ACTIONS: Final[Mapping[str, Action]] = {
    "teruskan": _a("route", desk.route, "regency", "reason"),
    "verifikasi": _a("verify", desk.verify),
    "kembalikan": _a("send_back", desk.send_back, "reason"),
    "kerjakan": _a("take_up", desk.take_up),
    "disposisi": Action(
        "dispose",
        lambda rt, officer, reference, typed: disposition.dispose(
            rt, officer, reference, units=several(typed, "unit"), note=typed.get("note", "").replace("\0", "")
        ),
    ),
    "tarik": _a("take_back", disposition.take_back, "unit", "reason"),
    "jawab-unit": _a("answer_part", disposition.answer_part, "unit", words="part"),
    "jawab": Action("answer", _answer),
    "tanya": _a("ask", desk.ask, "question"),
    "luar": _a("pass_on", desk.pass_on, "target", "reason"),
    "catat": _a("note", desk.add_note, words="note"),
    "perbaiki": Action("correct", labels.correct),
    "gabung": _a(
        "merge", lambda rt, officer, reference, into: merging.merge(rt, officer, reference, into=into.strip()), "into"
    ),
    "pisah": _a("part", merging.part),
    "selesai": _a("close", desk.close, "reason"),
    "buka": _a("reopen", desk.reopen, "reason"),
    "penilaian": _a("note", desk.see_rating, done="rating_seen"),
    "arsip": _a("archive", desk.archive, "reason"),
    "pulihkan": _a("restore", desk.restore),
    "blokir": _a("block_sender", desk.block_sender, "reason"),
    "buka-blokir": _a("block_sender", desk.unblock_sender, done="unblock_sender"),
}
