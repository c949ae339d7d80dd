"""Texts that are no report: adverts, chain letters, codes, bank notices, empty greetings, tests, abuse without content.

They are put aside with a reason, never dropped, and can be restored. A person who swears at an official and says why
has sent a report. What surprises: the decision is asked to be sure, because a report put aside by mistake costs a
citizen more than an advert read by an officer costs the desk.
"""

from __future__ import annotations

from intake.understand.classify.lexicon import Lexicon, Reading

REASONS = {
    "spam.iklan": "iklan",
    "spam.undian": "iklan",
    "spam.berantai": "berantai",
    "spam.otp": "otp",
    "spam.bank": "bank",
    "spam.salam": "salam_kosong",
    "spam.uji": "uji_coba",
    "spam.makian": "makian_kosong",
    "spam.iseng": "iseng",
    "spam.pribadi": "salah_kirim",
}
EMPTY = "kosong"
_SURE, _SURE_WITHOUT_A_WORD, _SURE_AGAINST_TOPIC, _SAYS_SOMETHING = 0.13, 0.2, 0.75, 8.0
_FEW_WORDS, _NOTHING_SAID = 3, 4.0
_ABUSE_WORDS = 4
_JUNK_WORDS, _JUNK_SHARE = 4.0, 0.2
_MAY_BE_IN_DANGER = 0.35
_TALK_OF_SECRETS = ("spam.iklan", "spam.undian", "spam.otp", "spam.bank")


def find_reason(
    lexicon: Lexicon, reading: Reading, no_report: float, *, asks: bool = False, danger: float = 0.0
) -> str | None:
    """Return why ``reading`` is no report, or None. ``no_report`` is the judge's probability that it is none.

    ``asks``: the sender asks in so many words not to be named. That alone is a message (it follows an earlier one), and
    is put aside only where it stands in an advert, a code or a bank's notice. ``danger``: the probability that somebody
    is in danger now; where there is a fair chance of it, the same holds.
    """
    scores = {cue: reading.scores[lexicon.number[cue]] for cue in REASONS}
    if not reading.words:
        return EMPTY
    if (asks or danger > _MAY_BE_IN_DANGER) and max(scores[cue] for cue in _TALK_OF_SECRETS) < _JUNK_WORDS:
        return None
    topical = max(reading.groups)
    if topical < _NOTHING_SAID and len(reading.words) <= _FEW_WORDS:
        return _strongest(scores) or (None if topical else "uji_coba")
    says_something = topical >= _SAYS_SOMETHING and max(scores.values()) < max(_JUNK_WORDS, topical * _JUNK_SHARE)
    reason = _strongest(scores)
    if no_report < (_SURE_AGAINST_TOPIC if says_something else _SURE if reason else _SURE_WITHOUT_A_WORD):
        return None
    return reason or ("uji_coba" if len(reading.words) < _ABUSE_WORDS else "salah_kirim")


def _strongest(scores: dict[str, float]) -> str | None:
    best = max(scores, key=scores.__getitem__)
    return REASONS[best] if scores[best] > 0 else None
