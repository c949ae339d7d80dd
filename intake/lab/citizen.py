"""The citizen's side of the lab: what a gateway or a mail server would do with a message typed on the lab's pages.

Nothing is short-circuited: an SMS is posted to the public address of the webhook, signed as Twilio signs
(https://www.twilio.com/docs/usage/webhooks/webhooks-security), a mail as the mail server's pipe posts it.
"""

import secrets

import requests
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from channels import gsm
from intake.lab.spool import Sms, Spool, now_text

_TIMEOUT_SECONDS = 15  # as long as Twilio waits


def post_sms(
    public_url: str, auth_token: str, account_sid: str, *, sender: str, recipient: str, text: str, spool: Spool
) -> Sms:
    """Send an SMS from a citizen's phone: call our webhook like Twilio does, and keep the message on that phone.

    The result's status is ``received`` when the webhook took it (2xx), else ``failed``; it never raises for a webhook
    that is down, because a phone does not learn of that either.
    """
    sid = f"SM{secrets.token_hex(16)}"
    kept = spool.put_sms(Sms(sid, "from_citizen", sender, recipient, text, now_text(), "sending"))
    url = f"{public_url.rstrip('/')}/hooks/sms_twilio"
    form = {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsMessageSid": sid,
        "AccountSid": account_sid,
        "From": sender,
        "To": recipient,
        "Body": text,
        "NumMedia": "0",
        "NumSegments": str(gsm.plan(text).segments),
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
    }
    took = _post_signed(url, auth_token, form)
    return spool.settle_sms(kept, "received" if took else "failed")


def post_delivery(url: str, auth_token: str, form: dict[str, str]) -> bool:
    """Tell our webhook how far a message got, like Twilio's status callback. Returns whether it took it (2xx)."""
    return _post_signed(url, auth_token, form)


#: The lab's mail server, as `intake.installation` has us trust it, and what it writes on top of every letter.
MAIL_HOST = "mx.lab.test"
VOUCHES = f"Authentication-Results: {MAIL_HOST}; dmarc=pass\r\n".encode()


def post_mail(
    public_url: str, secret: str, raw: bytes, *, envelope_from: str, envelope_to: str, spool: Spool | None = None
) -> int:
    """Give a mail to our webhook like the mail server's pipe does, vouching for it; the HTTP status, 0 for no answer.

    A mail server keeps the mail and comes again after 0 and 5xx. With `spool`, a taken mail is kept in the citizen's
    mailbox as sent.
    """
    headers: dict[str, str | bytes] = {
        "Authorization": f"Bearer {secret}",
        "Content-Type": "message/rfc822",
        "X-Envelope-From": (envelope_from or "<>").encode(),  # the null sender of RFC 5321
        "X-Envelope-To": envelope_to.encode(),
    }
    url = f"{public_url.rstrip('/')}/hooks/email_mime"
    try:
        with _session() as session:
            vouched = VOUCHES + raw
            answer = session.post(url, data=vouched, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException:
        return 0
    if spool is not None and answer.ok:
        spool.put_mail(raw, direction="from_citizen", envelope_from=envelope_from, envelope_to=envelope_to)
    return answer.status_code


def _post_signed(url: str, auth_token: str, form: dict[str, str]) -> bool:
    signature = RequestValidator(auth_token).compute_signature(url, form)
    headers = {"X-Twilio-Signature": str(signature), "User-Agent": "TwilioProxy/1.1"}
    try:
        with _session() as session:
            answer = session.post(url, data=form, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException:
        return False
    return answer.ok and not answer.is_redirect


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # loopback only: a proxy of the environment must never see these messages
    return session
