"""What a text is about: type, topic, urgency, secrecy, spam, whose matter; each with reasons and versions. Pure.

``classify(text)`` answers with the model that ships with the project. Load time and memory are small because nothing
here needs more than the standard library: the model is a page of numbers.
"""

from __future__ import annotations

from intake.understand.classify.classifier import Classifier, classifier_for, shipped_classifier
from intake.understand.classify.judges import Judge, LexiconJudge, LinearJudge, UnusableModel, parse_model
from intake.understand.classify.lexicon import TYPES, URGENCIES, lexicon
from intake.understand.classify.result import Classification, TopicGuess
from intake.understand.classify.taxonomy import Taxonomy, Topic, Unit, UnknownTopic, UnknownUnit, taxonomy

__all__ = [
    "TYPES",
    "URGENCIES",
    "Classification",
    "Classifier",
    "Judge",
    "LexiconJudge",
    "LinearJudge",
    "Taxonomy",
    "Topic",
    "TopicGuess",
    "Unit",
    "UnknownTopic",
    "UnknownUnit",
    "UnusableModel",
    "classifier_for",
    "classify",
    "lexicon",
    "parse_model",
    "taxonomy",
]


def classify(text: str, *, subject: str | None = None) -> Classification:
    """Return what ``text`` is about. Never raises for any text; an empty one is put aside as ``kosong``."""
    return shipped_classifier().classify(text, subject=subject)
