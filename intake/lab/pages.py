"""``/lab``: a citizen's phone and mailbox on this machine, for trying everything out. Exists only with SAHUT_LAB=1.

What is typed here takes the way of a real message: posted to our own webhook, signed as the gateway signs; and what is
shown here was received by the stand-ins (``intake.lab.standin``), not read from our tables.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any, Final

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for

from channels.gsm import plan
from channels.mail_addresses import is_address
from channels.phone import normalise_number
from intake.lab.citizen import post_mail, post_sms
from intake.lab.spool import Mail, Spool
from intake.web.context import in_language as _
from intake.web.context import runtime

lab = Blueprint("lab", __name__, url_prefix="/lab")

FIRST_PHONE: Final = "+6281100000001"
FIRST_MAILBOX: Final = "warga@example.id"
_LONGEST_SMS: Final = 1_600
_LONGEST_MAIL: Final = 20_000


@dataclass(frozen=True, slots=True)
class Accounts:
    """Our own number and mailbox, and what the gateway and the mail server prove themselves with."""

    number: str
    account_sid: str
    auth_token: str
    address: str
    mail_secret: str

    @classmethod
    def of_this_lab(cls) -> Accounts:
        environ = runtime().settings.environ

        def first(name: str) -> str:
            return environ.get(name, "").split(",")[0].strip()

        return cls(
            number=first("SMS_TWILIO_NUMBERS"),
            account_sid=first("SMS_TWILIO_ACCOUNT_SID"),
            auth_token=first("SMS_TWILIO_AUTH_TOKEN"),
            address=first("EMAIL_ADDRESS"),
            mail_secret=first("EMAIL_MIME_SECRETS"),
        )


def _spool() -> Spool:
    return Spool.in_data(runtime().settings.data)


@lab.get("")
def show_lab() -> Response:
    """The phone and the mailbox that were chosen, or those with the newest messages."""
    return _page()


def _page(fault: str = "", words: str = "", status: int = 200) -> Response:
    spool = _spool()
    phones, mailboxes = spool.list_phones(), spool.list_mailboxes()
    phone = request.values.get("phone", "") or next(iter(phones), FIRST_PHONE)
    mailbox = (request.values.get("mailbox", "") or next(iter(mailboxes), FIRST_MAILBOX)).lower()
    talk, mails = spool.list_sms(phone), spool.list_mails(mailbox)
    answered = next((mail for mail in mails if mail.id == request.values.get("balas")), None)
    return make_response(
        render_template(
            "lab/lab.html",
            accounts=Accounts.of_this_lab(),
            phone=phone,
            phones=[other for other in phones if other != phone][:8],
            talk=talk,
            talk_version=" ".join(sms.status for sms in talk),
            segments=lambda text: plan(text).segments,
            mailbox=mailbox,
            mailboxes=[other for other in mailboxes if other != mailbox][:8],
            mails=mails[::-1],
            answered=answered,
            subject=_answer_subject(answered) if answered else "",
            fault=fault,
            words=words,
            typed=request.form,
        ),
        status,
    )


def _answer_subject(mail: Mail) -> str:
    return mail.subject if mail.subject[:3].lower() == "re:" else f"Re: {mail.subject}"


@lab.post("/sms")
def send_sms() -> Any:
    """Send an SMS from the phone: our webhook is called as the gateway would."""
    accounts = Accounts.of_this_lab()
    phone = normalise_number(request.form.get("phone", ""))
    text = request.form.get("text", "").strip()[:_LONGEST_SMS]
    if phone is None:
        return _page("phone", _("Ini bukan nomor telepon. Contoh: 0811 0000 0001."), 400)
    if not text:
        return _page("sms", _("Tulis dulu SMS-nya."), 400)
    sms = post_sms(
        runtime().settings.public_url,
        accounts.auth_token,
        accounts.account_sid,
        sender=phone,
        recipient=accounts.number,
        text=text,
        spool=_spool(),
    )
    if sms.status == "failed":
        flash("sms_failed")
    return redirect(url_for(".show_lab", phone=phone, mailbox=request.form.get("mailbox") or None), 303)


@lab.post("/mail")
def send_mail() -> Any:
    """Send a mail from the mailbox: our webhook is called as the mail server's pipe would."""
    accounts = Accounts.of_this_lab()
    mailbox = request.form.get("mailbox", "").strip().lower()
    text = request.form.get("text", "").strip()[:_LONGEST_MAIL]
    if not is_address(mailbox):
        return _page("mailbox", _("Ini bukan alamat e-mail. Contoh: warga@example.id."), 400)
    if not text:
        return _page("mail", _("Tulis dulu suratnya."), 400)
    spool = _spool()
    answered = next((mail for mail in spool.list_mails(mailbox) if mail.id == request.form.get("balas")), None)
    letter = write_letter(
        mailbox,
        accounts.address,
        request.form.get("subject", ""),
        text,
        answered,
        written_at=runtime().clock(),
    )
    status = post_mail(
        runtime().settings.public_url,
        accounts.mail_secret,
        letter.as_bytes(policy=SMTP),
        envelope_from=mailbox,
        envelope_to=parseaddr(str(letter["To"]))[1],
        spool=spool,
    )
    if not 200 <= status < 300:
        return _page("mail", _("Surat ini belum diterima. Coba lagi sebentar lagi."), 503)
    phone = request.form.get("phone") or None
    return redirect(url_for(".show_lab", mailbox=mailbox, phone=phone, _anchor="surat"), 303)


def write_letter(
    mailbox: str, address: str, subject: str, text: str, answered: Mail | None, *, written_at: datetime
) -> EmailMessage:
    """The letter as a mail program writes it; an answer goes where the other letter wants it, and threads."""
    letter = EmailMessage(policy=SMTP)
    letter["From"] = mailbox
    letter["To"] = address
    letter["Subject"] = " ".join(subject.split())[:200]
    letter["Date"] = format_datetime(written_at)
    letter["Message-ID"] = f"<{secrets.token_hex(12)}@{mailbox.rpartition('@')[2]}>"
    if answered is not None:
        theirs = answered.message
        wanted = parseaddr(str(theirs.get("Reply-To") or theirs.get("From") or ""))[1]
        if is_address(wanted):
            letter.replace_header("To", wanted)
        if theirs["Message-ID"]:
            letter["In-Reply-To"] = str(theirs["Message-ID"])
            earlier = str(theirs.get("References", ""))
            letter["References"] = f"{earlier} {theirs['Message-ID']}".strip()
    letter.set_content(text.replace("\r\n", "\n") + "\n")
    return letter
