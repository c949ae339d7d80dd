"""Join the parts: read a text once, weigh it, and say what it is about, with reasons."""

from __future__ import annotations

import functools
from math import exp
from typing import TypeAlias

from intake.understand.classify.authority import find_responsible
from intake.understand.classify.features import closes_with_thanks
from intake.understand.classify.judges import Judge, LexiconJudge, LinearJudge, Verdict, parse_model
from intake.understand.classify.lexicon import Lexicon, Reading, lexicon
from intake.understand.classify.nonreports import find_reason
from intake.understand.classify.result import Classification, TopicGuess
from intake.understand.classify.secrecy import find_wish, topic_demands_secrecy
from intake.understand.classify.taxonomy import NOT_A_REPORT, OTHER, PRAISE, REGENCY, VILLAGE, Taxonomy, Topic
from intake.understand.text import read_data, spelling

CONFIDENT_AT = 0.7
"""Below this a report goes to a person and is not sent to a unit."""
EMERGENCY_AT = 0.2
"""An emergency that is missed costs more than one that is not: this is below one half on purpose."""
UNSPOKEN_FROM = 0.65
"""From which share on a wish or a danger is believed that no word of the text speaks of."""
_TOP_TOPICS, _EVIDENCE_WORDS = 3, 8
_TOPIC_TEMPERATURE = 5.0
_THANKS_FROM, _OTHER_GROUP = 0.5, "LLN"
_BARE_THANKS, _CLEARLY_THANKS, _LETTER_WORDS = 2.0, 0.8, 5


Heard: TypeAlias = dict[int, list[tuple[float, str]]]
"""Class number → weights and terms that were found for it."""


class Classifier:
    """A lexicon, a judge, and what follows from them."""

    def __init__(self, known: Lexicon, judge: Judge) -> None:
        """Classify with ``judge`` over the readings of ``known``."""
        self._lexicon = known
        self._judge = judge
        self._members: dict[str, list[int]] = {group: [] for group in known.groups}
        for place, code in enumerate(known.topics):
            self._members[known.taxonomy.topics[code].group].append(place)

    def classify(self, text: str, *, subject: str | None = None) -> Classification:
        """Return the classification of ``text``; ``subject`` (of a mail or form) is read in front of it."""
        reading = self._lexicon.read(f"{subject}\n{text}" if subject else text)
        verdict = self._judge.weigh(reading)
        wish = find_wish(self._lexicon, reading, verdict.wish)
        danger = verdict.urgencies["darurat"]
        reason = find_reason(self._lexicon, reading, verdict.no_report, asks=wish.said, danger=danger)
        if reason is not None:
            return self._put_aside(reading, verdict, reason)
        verdict = _with_thanks(self._without_manners(reading, verdict))
        heard = _terms_by_class(reading)
        kind = self._kind(heard, verdict)
        topics = self._topics(reading, verdict, kind)
        topic = self._lexicon.taxonomy.topics[topics[0].code]
        urgency = self._urgency(heard, verdict)
        demanded = topic_demands_secrecy(self._lexicon, reading, topic.code)
        responsible = find_responsible(self._lexicon, reading, topic)
        evidence = {"topic": self._words_for(heard, topic)}
        evidence["type"] = self._cue_words(heard, f"type.{_CUE_OF_TYPE[kind]}")
        if urgency == "darurat":
            evidence["urgency"] = self._cue_words(heard, "urg.bahaya") + self._cue_words(heard, "urg.kini")
        else:
            evidence["urgency"] = self._cue_words(heard, f"urg.{urgency}")
        evidence["secrecy"] = wish.words or ((f"topik {demanded}",) if demanded else ())
        evidence["authority"] = responsible.words
        confidence = verdict.sure
        return Classification(
            type=kind,
            topic=topic.code,
            topics=topics,
            group=topic.group,
            unit=topic.unit.name if responsible.authority in (REGENCY, VILLAGE) else responsible.forward_to,
            authority=responsible.authority,
            forward_to=responsible.forward_to,
            urgency=urgency,
            secret=wish.secret or demanded is not None,
            anonymous=wish.anonymous,
            spam=False,
            not_a_report=None,
            confidence=confidence,
            confident=confidence >= CONFIDENT_AT,
            type_confidence=verdict.types[kind],
            urgency_confidence=verdict.urgencies[urgency],
            deadline=self._lexicon.taxonomy.deadline_class(topic.code, kind),
            evidence={about: words for about, words in evidence.items() if words},
            versions=self._versions(),
        )

    def _versions(self) -> dict[str, str]:
        return {
            "taxonomy": self._lexicon.taxonomy.version,
            "lexicon": self._lexicon.version,
            "model": self._judge.version,
        }

    def _put_aside(self, reading: Reading, verdict: Verdict, reason: str) -> Classification:
        topic = self._lexicon.taxonomy.topics[NOT_A_REPORT]
        confidence = max(verdict.no_report, 0.5)
        words = tuple(
            hit.term.replace("_", " ")
            for hit in reading.hits
            if any(self._lexicon.classes[number].startswith("spam.") for number, _ in hit.worth)
        )
        return Classification(
            type=max(verdict.types, key=verdict.types.__getitem__),
            topic=topic.code,
            topics=(TopicGuess(topic.code, confidence),),
            group=topic.group,
            unit=topic.unit.name,
            authority=topic.authority,
            forward_to="",
            urgency="rendah",
            secret=False,
            anonymous=False,
            spam=True,
            not_a_report=reason,
            confidence=confidence,
            confident=True,
            type_confidence=0.0,
            urgency_confidence=1.0,
            deadline=topic.deadline,
            evidence={"not_a_report": words[:_EVIDENCE_WORDS]} if words else {},
            versions=self._versions(),
        )

    def _without_manners(self, reading: Reading, verdict: Verdict) -> Verdict:
        """Return ``verdict`` less the thanks that only close a letter."""
        praise = reading.scores[self._lexicon.number["type.terima_kasih"]]
        if (
            praise > _BARE_THANKS
            or verdict.types["terima_kasih"] > _CLEARLY_THANKS
            or len(reading.roots) < _LETTER_WORDS
            or not closes_with_thanks(reading.roots)
        ):
            return verdict
        types = {name: share for name, share in verdict.types.items() if name != "terima_kasih"}
        total = sum(types.values()) or 1.0
        return verdict._replace(types={name: share / total for name, share in types.items()} | {"terima_kasih": 0.0})

    def _topics(self, reading: Reading, verdict: Verdict, kind: str) -> tuple[TopicGuess, ...]:
        """Return the best topics: the judge says which group, the lexicon which topic in it."""
        guesses: list[TopicGuess] = []
        for group, share in sorted(verdict.groups.items(), key=_by_share)[:_TOP_TOPICS]:
            places = self._members[group]
            scores = [reading.scores[place] for place in places]
            if not any(scores):
                code = self._fallback(group, kind)
                guesses.append(TopicGuess(code, share))
                continue
            top = max(scores)
            silent = exp(-top / _TOPIC_TEMPERATURE)
            raised = [exp((score - top) / _TOPIC_TEMPERATURE) if score > 0 else silent for score in scores]
            total = sum(raised)
            guesses += [
                TopicGuess(self._lexicon.topics[place], share * value / total)
                for place, value, score in zip(places, raised, scores, strict=True)
                if score > 0
            ]
        first = max(verdict.groups, key=verdict.groups.__getitem__)
        group_of = self._lexicon.taxonomy.topics
        guesses.sort(key=lambda guess: (group_of[guess.code].group != first, -guess.confidence))
        rest = sorted(guesses[1:], key=lambda guess: -guess.confidence)
        return (guesses[0], *rest[: _TOP_TOPICS - 1])

    def _fallback(self, group: str, kind: str) -> str:
        if group == "LLN":
            return PRAISE if kind == "terima_kasih" else OTHER
        return self._lexicon.topics[self._members[group][0]]

    def _kind(self, heard: Heard, verdict: Verdict) -> str:
        """Return the type. A wish that nobody puts into words has to be likelier than one that is spoken."""
        kind = max(verdict.types, key=verdict.types.__getitem__)
        if kind == "aspirasi" and verdict.types[kind] < UNSPOKEN_FROM and not self._cue_words(heard, "type.aspirasi"):
            return max((name for name in verdict.types if name != kind), key=verdict.types.__getitem__)
        return kind

    def _urgency(self, heard: Heard, verdict: Verdict) -> str:
        """Return the urgency. Danger without a word of it (a short text of common words) takes more than a suspicion."""
        danger = verdict.urgencies["darurat"]
        if danger >= EMERGENCY_AT and (
            danger >= UNSPOKEN_FROM or self._cue_words(heard, "urg.bahaya") or self._cue_words(heard, "urg.kini")
        ):
            return "darurat"
        return max((name for name in verdict.urgencies if name != "darurat"), key=verdict.urgencies.__getitem__)

    def _words_for(self, heard: Heard, topic: Topic) -> tuple[str, ...]:
        found = heard.get(self._lexicon.number[topic.code], []) + heard.get(self._lexicon.number[topic.group], [])
        return _spoken(term for weight, term in sorted(found, reverse=True) if weight > 0)

    def _cue_words(self, heard: Heard, cue: str) -> tuple[str, ...]:
        return _spoken(term for _, term in heard.get(self._lexicon.number.get(cue, -1), ()))


def _terms_by_class(reading: Reading) -> Heard:
    heard: Heard = {}
    for hit in reading.hits:
        for number, weight in hit.worth:
            if number in heard:
                heard[number].append((weight, hit.term))
            else:
                heard[number] = [(weight, hit.term)]
    return heard


_CUE_OF_TYPE = {
    "pengaduan": "pengaduan",
    "aspirasi": "aspirasi",
    "permintaan_informasi": "info",
    "terima_kasih": "terima_kasih",
}


def _with_thanks(verdict: Verdict) -> Verdict:
    """Return ``verdict`` with thanks counted as a topic: who thanks for a mended road does not report a road."""
    thanks = verdict.types["terima_kasih"]
    if thanks < _THANKS_FROM:
        return verdict
    groups = {group: share * (1 - thanks) for group, share in verdict.groups.items()}
    groups[_OTHER_GROUP] = groups.get(_OTHER_GROUP, 0.0) + thanks
    return verdict._replace(groups=groups, sure=groups[_OTHER_GROUP])


def _by_share(pair: tuple[str, float]) -> float:
    return -pair[1]


def _spoken(terms: object) -> tuple[str, ...]:
    assert hasattr(terms, "__iter__")  # noqa: S101 - narrows for the type checker
    return tuple(dict.fromkeys(term.replace("_", " ").replace("~", " … ") for term in terms))[:_EVIDENCE_WORDS]


@functools.cache
def shipped_classifier() -> Classifier:
    """Return the classifier that ships with the project, read once."""
    spelling()
    known = lexicon()
    return Classifier(known, shipped_judge(known))


def shipped_judge(known: Lexicon) -> Judge:
    """Return the judge of the shipped model; the lexicon alone where no model is shipped."""
    try:
        text = read_data("model.json")
    except FileNotFoundError:
        return LexiconJudge(known)
    return LinearJudge(known, parse_model(text))


def classifier_for(known: Taxonomy, judge: Judge | None = None) -> Classifier:
    """Return a classifier with a regency's own taxonomy (``Taxonomy.for_regency``) and, if given, another judge."""
    own = Lexicon(known)
    return Classifier(own, judge or shipped_judge(own))
