"""Everything a citizen has said about a report, read as one story: where it is, what it is about, what follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from channels.channel import Medium
from channels.messages import InboundMessage
from intake import converse
from intake.active_model import classify_here
from intake.commands.regions import imported_boundaries
from intake.domain.decision import Decision, decide
from intake.limits import LIMITS
from intake.storage.messages import StoredMessage
from intake.storage.people import family_of
from intake.storage.reports import Report
from intake.told import PlaceBy, beside_the_story
from intake.understand.classify import Classification
from intake.understand.locate import (
    EARLIER_REPORT,
    FORM_CHOICE,
    LANDLINE,
    OWN_LINE,
    Coordinates,
    Hints,
    Location,
    locate,
    regencies,
    regencies_of_landline,
)
from intake.understand.locate.chosen import at_chosen_place
from intake.understand.relate import Before
from intake.understand.sms import begins_anew, is_cut_inside_word, join_parts, read_sms
from intake.understand.text import fold

#: A citizen is asked for the place at most so often; then a person looks.
MOST_QUESTIONS: Final = 2
_EARLIER_REPORTS: Final = 5
_COMMAND_WORDS: Final = frozenset(word for spellings in converse.SPELLINGS.values() for word in spellings)
_LEAST_WORDS_OF_A_REPORT: Final = 3
#: How the citizen told the place in the form: the decision's code, and how its evidence begins.
_TOLD_BY: Final[dict[PlaceBy, tuple[str, str]]] = {
    "chosen": ("dipilih_pelapor", "dipilih sendiri oleh pelapor"),
    "confirmed": ("dibenarkan_pelapor", "dibenarkan oleh pelapor"),
}


@dataclass(frozen=True, slots=True)
class Story:
    """What was said, parts put together. ``body`` is for the classifier, ``places`` for the resolver; ``missing``: a part
    of a long message has not come.
    """

    subject: str
    body: str
    places: str
    secret: bool
    anonymous: bool
    missing: bool


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the resolver and the classifier said, and what follows. ``location`` is of everything said so far."""

    location: Location
    classification: Classification
    decision: Decision
    story: Story

    @property
    def secret(self) -> bool:
        return self.classification.secret or self.story.secret

    @property
    def anonymous(self) -> bool:
        return self.classification.anonymous or self.story.anonymous


def as_said(message: StoredMessage) -> InboundMessage:
    """A kept message as ``converse`` reads it."""
    return InboundMessage(
        message.external_id, message.sender, message.recipient, message.text, message.subject, extra=message.extra
    )


def tell_story(messages: Sequence[StoredMessage], medium: Medium) -> Story:
    """One text from all that was said: parts joined in their order, the same again left out, commands left out."""
    said = sorted(messages, key=lambda m: (m.received_at, m.id))
    said = [m for m in said if m.automatic is None and converse.read(as_said(m)).kind == "report"]
    subject = next((m.subject for m in said if m.subject), "")
    texts = _join_sms(said) if medium == "sms" else [m.text for m in said]
    kept = texts if len(texts) == 1 else list({fold(text) or text: text for text in reversed(texts)}.values())[::-1]
    if medium != "sms":
        return Story(subject, "\n".join(kept), "\n".join(kept), secret=False, anonymous=False, missing=False)
    told = [read_sms(text) for text in kept]
    return Story(
        subject,
        "\n".join(t.body for t in told),
        "\n".join(t.places for t in told),
        secret=any(t.secret for t in told),
        anonymous=any(t.anonymous for t in told),
        missing=_misses_parts(said),
    )


def _join_sms(said: Sequence[StoredMessage]) -> list[str]:
    by_mark = {id(m): m.extra.get("part_reference") for m in said}
    texts: list[str] = []
    done: set[object] = set()
    previous: StoredMessage | None = None
    for message in said:
        mark = by_mark[id(message)]
        if mark is not None:
            if mark not in done:
                done.add(mark)
                parts = sorted((m for m in said if by_mark[id(m)] == mark), key=lambda m: int(m.extra.get("part", 0)))
                whole = ""
                for part in parts:  # the network cuts anywhere: nothing is put between two parts
                    whole += part.text
                texts.append(whole)
        elif previous is not None and _goes_on(previous, message):
            texts[-1] = join_parts(texts[-1], message.text)
        else:
            texts.append(message.text)
        previous = message if mark is None else None
    return texts


def _goes_on(before: StoredMessage, after: StoredMessage) -> bool:
    return (
        after.received_at - before.received_at <= LIMITS.part_gap
        and before.recipient == after.recipient
        and not begins_anew(after.text)
        and (converse.fills_one_sms(before.text) or is_cut_inside_word(before.text, after.text))
    )


def _misses_parts(said: Sequence[StoredMessage]) -> bool:
    """Whether a message of several parts came without some of them."""
    here: dict[object, set[int]] = {}
    wanted: dict[object, int] = {}
    for message in said:
        if message.extra.get("incomplete"):
            mark = message.extra.get("part_reference")
            here.setdefault(mark, set()).add(int(message.extra.get("part", 0)))
            wanted[mark] = int(message.extra.get("parts", 2))
    return any(len(here[mark]) < wanted[mark] for mark in here)


def understand(
    said: Sequence[StoredMessage],
    report: Report,
    *,
    medium: Medium,
    before: Sequence[Before] = (),
    may_ask: Callable[[], bool] = lambda: True,
    has_files: bool = False,
) -> Understanding:
    """Resolve, classify and decide. ``said``: all messages of the report; ``before``: the sender's other reports;
    ``may_ask``: whether the person may be asked now, called only when there is something to ask; ``has_files``: a photo
    speaks without words. A place that the citizen chose in the form, or said yes to, is the place.
    """
    story = tell_story(said, medium)
    told = beside_the_story(said)
    location = locate(
        "\n".join(part for part in (story.subject, story.places) if part),
        hints=hints_of(said, before),
        boundaries=imported_boundaries(),
    )
    if told.place_by:
        location = at_chosen_place(location, told.place, reading=_TOLD_BY[told.place_by][1])
    classification = classify_here(story.body, subject=story.subject or None)
    judged = classification
    can_ask = report.answerable and bool(report.sender) and report.times_asked < MOST_QUESTIONS
    decided = decide(location, classification, may_ask=can_ask)
    shown = not story.body.strip() and (has_files or any(m.latitude is not None for m in said))
    if decided.action == "put_aside" and (shown or story.missing or _only_looks_like_a_command(story.body)):
        judged = classification._replace(spam=False)
        decided = decide(location, judged, may_ask=can_ask)
    if decided.action in {"ask_place", "ask_which"} and not may_ask():
        decided = decide(location, judged, may_ask=False)
    if told.place_by and decided.regency == told.place[: len("16.03")]:
        decided = replace(decided, why=_TOLD_BY[told.place_by][0])
    return Understanding(location, classification, decided, story)


def _only_looks_like_a_command(body: str) -> bool:
    """ "Stop dulu pembangunan ini": begins like a command, is none, and says more: nobody types that for fun."""
    words = body.lower().split()
    return len(words) >= _LEAST_WORDS_OF_A_REPORT and words[0].strip(".,:;!") in _COMMAND_WORDS


def hints_of(said: Sequence[StoredMessage], before: Sequence[Before] = ()) -> Hints:
    """What is known about the place beside the words: the line that was called, the form's choice, where the sender
    reported before, the area code of a landline, a point on a map. The resolver lets none of it beat clear words.
    """
    codes: list[tuple[str, float]] = []
    opening = said[0]
    if opening.regency in regencies():
        codes.append((str(opening.regency), FORM_CHOICE if opening.channel == "web_form" else OWN_LINE))
    handed = [b.regency for b in before if b.handed_over and b.regency is not None][:_EARLIER_REPORTS]
    codes += [(code, EARLIER_REPORT * count / len(handed)) for code, count in Counter(handed).items()]
    covered = regencies_of_landline(opening.sender)
    codes += [(code, LANDLINE / len(covered)) for code in covered]
    points = [point for message in said if (point := _point_of(message)) is not None]
    return Hints(regencies=tuple(codes), coordinates=points[-1] if points else None)


def _point_of(message: StoredMessage) -> Coordinates | None:
    """The point a message came with. A letter has none but that of its photographs."""
    if message.latitude is None or message.longitude is None:
        return None
    of_a_photo = message.extra.get("position_by") == "photo" or family_of(message.channel) == "email"
    return Coordinates(message.latitude, message.longitude, "photo" if of_a_photo else "form")
