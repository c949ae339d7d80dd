"""One-time codes: by SMS to show that a number is one's own, so that answers may go there too; and by SMS or e-mail to
see one's report without its link.

A number that nobody confirmed is never sent anything but the code itself, and that only a few times: a form that sends
SMS to any number is a weapon and a bill. So codes are limited by number, report, caller and in all, and go to mobile
numbers of this country only. A code is kept as a digest, lives ten minutes and dies at the fifth wrong try.

What surprises: whether there is such a report, and whether the contact is its own, is told to nobody who asks for a code
to open it; the right code alone answers that. A contact that was typed into the form counts as its own here: who cannot
open the report any more has nothing else to show, and a stranger with that number would also have to know the report's.
And the reply that carries a code belongs to no report, because pages
show a report's replies.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final, Literal

import phonenumbers
from sqlalchemy import Connection

from channels.gsm import make_gsm, plan
from channels.mail_addresses import is_address
from channels.phone import HOME_REGION, normalise_number
from intake import logs
from intake.domain.reference import report_id_of
from intake.links import tracking_link
from intake.runtime import Runtime
from intake.settings import Settings
from intake.storage import attempts, contacts, messages, replies, reports
from intake.storage.contacts import Purpose
from intake.storage.people import family_of
from intake.storage.reports import Report
from intake.wording import Wording
from intake.words import SOURCE_LANGUAGE, translated

log = logs.get("confirm")

DIGITS: Final = 6
LIVES: Final = timedelta(minutes=10)
MOST_TRIES: Final = 5
#: Codes within about an hour: to one number, for one report, for one caller, and to everybody.
PER_NUMBER, PER_REPORT, PER_CALLER, TO_ALL = 3, 5, 10, 300
#: Tries within about an hour, whatever the codes: for one report, and of one caller.
TRIES_PER_REPORT, TRIES_PER_CALLER = 15, 60
#: A copy of an answer takes at most so many SMS; a longer one is a word that it is there, with the link.
_COPY_SEGMENTS: Final = 2
_FAMILY: Final = "sms"
_MAIL: Final = "email"
#: What somebody or something else did, and what we wait for; not what the citizen's own click brought about.
COPIED: Final = frozenset(
    {"hand_over", "triage", "forwarded", "asked", "answered", "closed", "ask_place", "ask_which", "reminder"}
)
_CAN_GET_SMS: Final = frozenset(
    {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
)
#: After these the citizen may want to write back. An SMS that names the report joins it; any other begins one.
_INVITING: Final = frozenset({"asked", "answered", "ask_place", "ask_which", "reminder"})


class CodeNotSent(Exception):
    """``not_a_mobile``: no mobile number of this country; ``too_often``; ``no_sms``: this house sends no SMS."""

    def __init__(self, why: Literal["not_a_mobile", "too_often", "no_sms"]) -> None:
        self.why = why
        super().__init__(why)


def _(text: str) -> str:
    """Marks a sentence for the catalogues."""
    return text


def code_wording(reference: str, code: str, language: str = SOURCE_LANGUAGE) -> Wording:
    """The SMS that carries a code; one part."""
    words = translated(
        _(
            "LAPOR: kode Anda {code} utk laporan {reference}, berlaku 10 menit. "
            "Jangan berikan kepada siapa pun. Bukan Anda yang meminta? Abaikan SMS ini"
        ),
        language,
    )
    return Wording(make_gsm(words.format(code=code, reference=reference)))


def code_letter(reference: str, code: str, language: str = SOURCE_LANGUAGE) -> Wording:
    """The letter that carries a code."""
    words = translated(
        _(
            "Kode Anda untuk membuka laporan {reference}: {code}\n\nKode ini berlaku 10 menit. "
            "Jangan berikan kepada siapa pun. Bukan Anda yang meminta? Abaikan saja surat ini."
        ),
        language,
    )
    subject = translated(_("Kode untuk membuka laporan Anda"), language)
    return Wording(words.format(code=code, reference=reference), subject)


def news_wording(reference: str, link: str, language: str = SOURCE_LANGUAGE) -> Wording:
    """The SMS that says only that there is an answer, and where; one part with any address up to 80 characters."""
    words = translated(_("LAPOR {reference}: ada kabar baru utk laporan Anda. Baca: {link}"), language)
    return Wording(make_gsm(words.format(reference=reference, link=link)))


def sms_channel(rt: Runtime) -> str | None:
    """The channel codes leave by: the first that sends SMS."""
    return _channel_of(rt, _FAMILY)


def _channel_of(rt: Runtime, family: str) -> str | None:
    return next((name for name in rt.channels if family_of(name) == family), None)


def _address_of(written: str) -> tuple[str, str] | None:
    """The family and the address of what somebody typed as theirs; None for what is neither number nor mailbox."""
    plain = written.strip()
    if is_address(plain):
        return _MAIL, plain.lower()
    number = normalise_number(plain)
    return None if number is None else (_FAMILY, number)


def send_code(rt: Runtime, report: Report, written: str, *, caller: str | None, language: str) -> str:
    """Send a code to a number that a citizen says is theirs. Returns the number. Raises CodeNotSent."""
    number = normalise_number(written)
    if number is None or not _is_mobile_here(number):
        raise CodeNotSent("not_a_mobile")
    _send(rt, "confirm", report, (_FAMILY, number), caller=caller, language=language)
    return number


def confirm_number(rt: Runtime, report: Report, typed: str) -> bool:
    """Take the code that was typed: from now on answers to this report go to that number too."""
    with rt.engine.begin() as connection:
        address = _take(rt, connection, "confirm", report.id, typed)
        if address is None:
            return False
        contacts.confirm(connection, report.id, _FAMILY, address)
        reports.record(connection, report.id, actor="citizen", action="number_confirmed")
    log.info("number_confirmed", report_id=report.id)
    return True


def stop_copies(rt: Runtime, report: Report) -> None:
    """No more SMS about this report."""
    with rt.engine.begin() as connection:
        contacts.forget(connection, report.id, _FAMILY)
        reports.record(connection, report.id, actor="citizen", action="number_removed")


def send_opening_code(rt: Runtime, reference: str, written: str, *, caller: str | None, language: str) -> None:
    """Send a code to the reporter of a report, if this is their number or mailbox. Says nothing about whether it did.

    Raises CodeNotSent when the caller asked too often; that too is the same whether there is such a report or not.
    """
    report_id, address = report_id_of(reference), _address_of(written)
    with rt.engine.begin() as connection:
        asked = 0 if caller is None else attempts.count(connection, "code_asked", caller)
        report = None if report_id is None else reports.find(connection, report_id)
        own = report is not None and address is not None and address in _own_addresses(connection, report)
    if asked > PER_CALLER:
        raise CodeNotSent("too_often")
    if report is None or address is None or not own:
        return
    try:
        _send(rt, "open", report, address, caller=None, language=language)
    except CodeNotSent as refused:
        log.warning("opening_code_withheld", report_id=report.id, why=refused.why)


def open_by_code(rt: Runtime, reference: str, typed: str, *, caller: str | None) -> Report | None:
    """The report that the code which was typed opens; None for a wrong one, whatever is wrong."""
    report_id = report_id_of(reference)
    if caller is not None:
        with rt.engine.begin() as connection:
            if attempts.count(connection, "code_try", caller) > TRIES_PER_CALLER:
                return None
    if report_id is None:
        return None
    with rt.engine.begin() as connection:
        if _take(rt, connection, "open", report_id, typed) is None:
            return None
        return reports.find(connection, report_id)


def copy_by_sms(
    rt: Runtime, connection: Connection, report: Report, words: Wording, *, kind: str, cause: str
) -> int | None:
    """Promise the same words by SMS to the number that was confirmed for this report, if there is one.

    A secret report's words stay on its page, and so do long ones: the SMS says that they are there. Called where a
    reply to the citizen was promised, with that reply's ``kind`` and ``cause``, in the same transaction. None when
    nothing is to be sent: what only repeats what the citizen did on the page is not worth an SMS, and no number hears
    the same twice, be it that the reply goes there anyway or that a merged report has the same number.
    """
    said = words_of_copy(rt, connection, report, words, kind=kind)
    channel, number = sms_channel(rt), _number_for_copies(connection, report)
    if said is None or channel is None or number is None:
        return None
    if replies.is_on_its_way(connection, family=_FAMILY, recipient=number, kind=kind, besides=report.id):
        return None
    return replies.promise_reply(
        connection,
        cause=f"{cause}:{_FAMILY}",
        kind=kind,
        report_id=report.id,
        channel=channel,
        recipient=number,
        sender="",
        text_=said,
    )


def words_of_copy(rt: Runtime, connection: Connection, report: Report, words: Wording, *, kind: str) -> str | None:
    """The SMS that would go to the confirmed number beside a reply of this kind; None when none would."""
    if kind not in COPIED or sms_channel(rt) is None or _number_for_copies(connection, report) is None:
        return None
    how = translated(_("Balas: awali dgn {reference}, atau lewat halaman laporan"), SOURCE_LANGUAGE)
    ending = f" ({how.format(reference=report.reference)})" if kind in _INVITING else ""
    said = make_gsm(f"LAPOR {report.reference}: {' '.join(words.text.split())}{ending}")
    if report.secret or plan(said).segments > _COPY_SEGMENTS:
        return news_wording(report.reference, tracking_link(rt.settings, report.id, report.reference)).text
    return said


def _number_for_copies(connection: Connection, report: Report) -> str | None:
    """The number confirmed last; None without one, and where replies to the report go to that number already."""
    if family_of(report.channel) == _FAMILY:
        return None
    numbers = [contact.address for contact in contacts.of_report(connection, report.id) if contact.family == _FAMILY]
    if not numbers or numbers[-1] == normalise_number(report.sender):
        return None
    return numbers[-1]


def _is_mobile_here(number: str) -> bool:
    parsed = phonenumbers.parse(number)
    return (
        phonenumbers.region_code_for_country_code(parsed.country_code or 0) == HOME_REGION
        and phonenumbers.number_type(parsed) in _CAN_GET_SMS
    )


def _own_addresses(connection: Connection, report: Report) -> set[tuple[str, str]]:
    """Where its reporter can be reached, as (family, address)."""
    own = {(contact.family, contact.address) for contact in contacts.of_report(connection, report.id)}
    if report.answerable and (family := family_of(report.channel)) in {_FAMILY, _MAIL}:
        own.add((family, report.sender.lower()))
    typed = str(messages.read(connection, report.id).extra.get("contact", ""))
    address = _address_of(typed)
    if address is not None and (address[0] == _MAIL or _is_mobile_here(address[1])):
        own.add(address)
    return own


def _send(
    rt: Runtime, purpose: Purpose, report: Report, to: tuple[str, str], *, caller: str | None, language: str
) -> None:
    family, address = to
    channel = _channel_of(rt, family)
    if channel is None:
        raise CodeNotSent("no_sms")
    key = rt.settings.secret_keys[0]
    counted = [
        ("code_number", attempts.digest_of(key, address), PER_NUMBER),
        ("code_report", str(report.id), PER_REPORT),
        ("code_all", "*", TO_ALL),
        *([] if caller is None else [("code_caller", caller, PER_CALLER)]),
    ]
    with rt.engine.begin() as connection:  # counted in any case, also when it is refused below
        within = [attempts.count(connection, what, whose) <= most for what, whose, most in counted]
    if not all(within):
        raise CodeNotSent("too_often")
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    words = (code_letter if family == _MAIL else code_wording)(report.reference, code, language)
    with rt.engine.begin() as connection:
        kept = contacts.keep_code(
            connection, purpose, report.id, address, _digest(key, purpose, report.id, code),
            expires_at=rt.clock() + LIVES,
        )  # fmt: skip
        replies.promise_reply(
            connection,
            cause=contacts.cause_of(kept),
            kind="code",
            report_id=None,
            channel=channel,
            recipient=address,
            sender=report.recipient if report.channel == channel else "",
            text_=words.text,
            subject=words.subject,
        )
    log.info("code_promised", report_id=report.id, purpose=purpose)


def _take(rt: Runtime, connection: Connection, purpose: Purpose, report_id: int, typed: str) -> str | None:
    """The address a code was sent to, if it is this code; it is used up then. A wrong try is counted for good."""
    given = "".join(character for character in typed if character.isdigit())
    tries = attempts.count(connection, "code_try", f"{purpose}:{report_id}")
    waiting = contacts.waiting_code(connection, purpose, report_id)
    if waiting is None or tries > TRIES_PER_REPORT:
        return None
    if waiting.tries >= MOST_TRIES or waiting.expires_at <= rt.clock():
        return None
    if not _is_code(rt.settings, waiting.digest, purpose, report_id, given):
        contacts.count_try(connection, waiting.id)
        return None
    contacts.use_up(connection, waiting.id)
    return waiting.address


def _digest(key: str, purpose: str, report_id: int, code: str) -> str:
    return hmac.digest(key.encode(), f"kode:{purpose}:{report_id}:{code}".encode(), hashlib.sha256).hex()


def _is_code(settings: Settings, kept: str, purpose: str, report_id: int, given: str) -> bool:
    right = [hmac.compare_digest(_digest(key, purpose, report_id, given), kept) for key in settings.secret_keys]
    return any(right)
