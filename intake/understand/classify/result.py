"""What the classifier says of a text: one frozen value with everything an officer needs to check it."""

from __future__ import annotations

from typing import Any, NamedTuple


class TopicGuess(NamedTuple):
    """A topic and how sure we are of it, from 0 to 1."""

    code: str
    confidence: float


class Classification(NamedTuple):
    """The whole answer.

    ``confidence`` belongs to the topic group (``group``), the level at which a unit is chosen; topics carry their own.
    ``secret`` (the text is not public) and ``anonymous`` (the name is not shown) are independent flags.
    ``not_a_report`` names the reason when ``spam`` is true. ``evidence`` says which words spoke for what.
    ``forward_to`` is filled when the matter is not the regency's; ``confident`` is false when a person must look first.
    """

    type: str
    topic: str
    topics: tuple[TopicGuess, ...]
    group: str
    unit: str
    authority: str
    forward_to: str
    urgency: str
    secret: bool
    anonymous: bool
    spam: bool
    not_a_report: str | None
    confidence: float
    confident: bool
    type_confidence: float
    urgency_confidence: float
    deadline: str
    evidence: dict[str, tuple[str, ...]]
    versions: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, confidences rounded to four places."""
        return {
            "type": self.type,
            "topic": self.topic,
            "topics": [{"code": guess.code, "confidence": round(guess.confidence, 4)} for guess in self.topics],
            "group": self.group,
            "unit": self.unit,
            "authority": self.authority,
            "forward_to": self.forward_to,
            "urgency": self.urgency,
            "secret": self.secret,
            "anonymous": self.anonymous,
            "spam": self.spam,
            "not_a_report": self.not_a_report,
            "confidence": round(self.confidence, 4),
            "confident": self.confident,
            "type_confidence": round(self.type_confidence, 4),
            "urgency_confidence": round(self.urgency_confidence, 4),
            "deadline": self.deadline,
            "evidence": {about: list(words) for about, words in self.evidence.items()},
            "versions": dict(self.versions),
        }
