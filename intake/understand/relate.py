"""What a message has to do with what its sender said before: the rest of it, the same again, a correction, an answer.

Asked only of a message that names no report. Pure: ``storage.threads`` brings what was said before. In doubt a message
is new: two reports that should be one cost an officer a minute, one that should be two loses somebody's complaint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from intake.domain.report import AT_REST, FOR_TRIAGE, State
from intake.understand.answer import answer_number
from intake.understand.classify import Classification, classify
from intake.understand.duplicates import is_folded_resend
from intake.understand.locate import Location
from intake.understand.sms import (
    announces_another,
    begins_anew,
    is_about_earlier,
    is_correction,
    is_courtesy,
    is_cut_inside_word,
)
from intake.understand.text import fold

Kind = Literal["new", "part", "resend", "correction", "rating", "late_answer", "follow_up", "courtesy"]

PART_BY_REFERENCE: Final = timedelta(minutes=15)
WITHOUT_WORDS: Final = timedelta(minutes=10)
EXACT_RESEND: Final = timedelta(hours=24)
NEAR_RESEND: Final = timedelta(days=30)
CORRECTION: Final = timedelta(hours=24)
RATING: Final = timedelta(days=14)
COURTESY: Final = timedelta(days=14)
FOLLOW_UP: Final = timedelta(days=60)
_MOST_ANSWER_WORDS: Final = 12
_MOST_FOLLOW_UP_WORDS: Final = 30
_LAST_SCORE: Final = 5


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier report of the same sender. ``last_*``: the newest message in it; ``*_asked_at``: our newest question."""

    report_id: int
    state: State
    regency: str | None
    topic: str | None
    opening: str
    opened_at: datetime
    handed_over: bool
    recipient: str
    last_id: int
    last_text: str
    last_at: datetime
    last_extra: Mapping[str, Any]
    last_processed: bool
    waits_for_place: bool
    choices: tuple[str, ...]
    times_asked: int
    asked_at: datetime | None
    rating_asked_at: datetime | None
    rated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it came. ``fills_sms``: whether an earlier text was as long as one SMS can be (a channel's measure)."""

    id: int
    text: str
    recipient: str
    at: datetime
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Relation:
    """``to`` is the report it belongs to; None for a new one."""

    kind: Kind
    to: Before | None = None


NEW: Final = Relation("new")


def continued(heard: Heard, before: Sequence[Before], *, full: frozenset[int], gap: timedelta) -> Before | None:
    """The report of which this message is a further part.

    Parts that say so (``part_reference``, from the header of the SMS) belong together by it. A gateway that lost the
    header leaves only the look of it: same sender and recipient, at most ``gap`` apart, and the earlier one filled its
    SMS to the brim (its id is in ``full``) or ended inside a word. A photo or a point without a word belongs to what was
    said around it.
    """
    mark = heard.extra.get("part_reference")
    for earlier in before:
        apart = abs(heard.at - earlier.last_at)
        if earlier.recipient != heard.recipient:
            continue
        if mark is not None:
            same = (earlier.last_extra.get("part_reference"), earlier.last_extra.get("parts"))
            if same == (mark, heard.extra.get("parts")) and apart <= PART_BY_REFERENCE:
                return earlier
        elif not heard.text.strip() or not earlier.last_text.strip():
            if apart <= WITHOUT_WORDS and earlier.state not in AT_REST:
                return earlier
        elif apart <= gap and heard.at >= earlier.last_at:
            if earlier.last_extra.get("part_reference") is not None or begins_anew(heard.text):
                continue
            if (earlier.last_id in full) or is_cut_inside_word(earlier.last_text, heard.text):
                return earlier
    return None


def repeated(heard: Heard, before: Sequence[Before]) -> Before | None:
    """The report that this message says again: exactly, within a day; or nearly, while it is open, within a month."""
    said = fold(heard.text)
    if not said:
        return None
    for earlier in before:
        age = heard.at - earlier.opened_at
        first = fold(earlier.opening)
        if said == first and age <= EXACT_RESEND:
            return earlier
        if earlier.state not in AT_REST and age <= NEAR_RESEND and is_folded_resend(said, first):
            return earlier
    return None


def rates(heard: Heard, before: Sequence[Before]) -> Before | None:
    """The report that a bare digit rates: the one for which we asked last, unless a question of place came later."""
    number = answer_number(heard.text)
    if number is None or number > _LAST_SCORE:
        return None
    asked = [b for b in before if b.rating_asked_at is not None and heard.at - b.rating_asked_at <= RATING]
    asked = [
        b for b in asked if b.rated_at is None or (b.rating_asked_at is not None and b.rated_at < b.rating_asked_at)
    ]
    if not asked:
        return None
    last = max(asked, key=lambda b: b.rating_asked_at or b.opened_at)
    questions = [b.asked_at for b in before if b.waits_for_place and b.asked_at is not None]
    if last.rating_asked_at is None or any(question > last.rating_asked_at for question in questions):
        return None
    return last


def relate(
    heard: Heard,
    before: Sequence[Before],
    *,
    classification: Classification,
    location: Location,
    full: frozenset[int],
    gap: timedelta,
) -> Relation:
    """What a message that opened a report of its own really is. ``before``: newest first."""
    if not before:
        return NEW
    again = repeated(heard, before)
    if again is not None and again.state is State.DIARSIPKAN and not classification.spam:
        again = None  # withdrawn, or put aside by a person: sent again it is meant
    if again is not None and heard.extra.get("part_reference") is None:
        return Relation("follow_up" if again.state is State.SELESAI else "resend", again)
    part = continued(heard, before, full=full, gap=gap)
    if part is not None:
        return Relation("part", part)
    rated = rates(heard, before)
    if rated is not None:
        return Relation("rating", rated)
    latest = max(before, key=lambda b: b.last_at)
    still = [b for b in before if b.state not in AT_REST]
    if is_correction(heard.text):
        recent = [b for b in still if heard.at - b.last_at <= CORRECTION]
        if recent:
            return Relation("correction", max(recent, key=lambda b: b.last_at))
    if is_courtesy(heard.text) and heard.at - latest.last_at <= COURTESY:
        return Relation("courtesy", latest)
    late = _answered_late(heard, still, classification, location)
    if late is not None:
        return Relation("late_answer", late)
    back = _pointed_back(heard, before, still, location)
    return NEW if back is None else Relation("follow_up", back)


def _answered_late(
    heard: Heard, still: Sequence[Before], classification: Classification, location: Location
) -> Before | None:
    """A place without a story, after we had given up asking: a person has the report, but nobody knows where it is."""
    asked = [b for b in still if b.state in FOR_TRIAGE and b.regency is None and b.times_asked > 0]
    if not asked or location.decision == "none" or len(heard.text.split()) > _MOST_ANSWER_WORDS:
        return None
    return None if tells_a_problem(classification) else asked[0]


def _pointed_back(heard: Heard, before: Sequence[Before], still: Sequence[Before], location: Location) -> Before | None:
    if len(heard.text.split()) > _MOST_FOLLOW_UP_WORDS or not is_about_earlier(heard.text):
        return None
    known = [b for b in still or before if heard.at - b.last_at <= FOLLOW_UP]
    if location.decision == "decided":
        known = [b for b in known if b.regency == location.regency]
    return max(known, key=lambda b: b.last_at, default=None)


def tells_a_problem(classification: Classification) -> bool:
    """Whether a text complains, asks or wishes in words of its own: more than a place."""
    return not classification.spam and bool(classification.evidence.get("type")) and classification.confident


#: Words with which an answer to "where?" begins.
_WHERE: Final = frozenset(
    {
        "di", "d", "itu", "dekat", "dkt", "depan", "dpn", "desa", "ds", "dsn", "dusun", "kel", "kelurahan", "kec",
        "kecamatan", "kab", "kabupaten", "kota", "rt", "rw", "jl", "jln", "gang", "gg", "simpang", "belakang", "blkg",
        "sebelah", "samping", "sekitar", "daerah", "lokasi", "lokasinya", "alamat", "alamatnya", "tempat", "tempatnya",
        "nagari", "gampong", "kampung", "kp", "pasar", "masjid", "bukan", "maksud", "ralat",
    }
)  # fmt: skip
_ANOTHER: Final = frozenset({"juga", "jg", "sekalian", "satu", "lagi", "selain"})
_ADDRESSED: Final = frozenset(
    {"pak", "bu", "bapak", "ibu", "min", "maaf", "ya", "iya", "oh", "o", "ok", "oke", "pa", "pk"}
)
_SURE: Final = 0.95
_LEAST_WORDS: Final = 5


def is_another_report(text: str, opening: str, classification: Classification, location: Location) -> bool:
    """Whether what came while we waited for a place is a report of its own and no answer.

    It tells a problem in its own words; about something else, or about one more of the kind ("juga", with its place).
    An answer that begins with where it is ("di depan pasar ...") has to say much more to be taken for new.
    """
    if not opening.strip():
        return False  # only a photo came before: this is what it is about
    words = [word.strip(".,;:!?()").lower() for word in text.split()]
    if len(words) < _LEAST_WORDS or classification.spam:
        return False
    if announces_another(text) and classification.evidence.get("topic"):
        return True
    if not tells_a_problem(classification):
        return False
    asked_about = classify(opening)
    beginning = next((word for word in words if word not in _ADDRESSED), "")
    if classification.group != asked_about.group:
        return (
            begins_anew(text)
            or beginning not in _WHERE
            or (classification.confidence >= _SURE and not asked_about.spam and location.decision == "decided")
        )
    return location.decision == "decided" and beginning not in _WHERE and not _ANOTHER.isdisjoint(words)


def leaves_the_question(
    text: str, opening: str, classification: Classification, location: Location, *, regency: str | None
) -> bool:
    """Whether what came while an officer's question waited is a report of its own: about something else, one more of
    the kind, or begun anew about another regency. In doubt it is the answer: an officer reads it and can tell.
    """
    if is_another_report(text, opening, classification, location):
        return True
    elsewhere = location.decision == "decided" and location.regency != regency
    return elsewhere and begins_anew(text) and tells_a_problem(classification)
