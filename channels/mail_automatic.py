"""Whether a letter was sent by a machine, and why we think so (RFC 3834, 2; RFC 2076; RFC 2919; RFC 3464).

The first sign found is the one told. Any sign is enough: an answer to a robot may start a conversation of two robots
that never ends, while a person whose letter looks automatic still finds it recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import Message
from itertools import islice
from typing import Final

_MOST_PARTS: Final = 50
_REPORT_PARTS: Final = frozenset(
    f"message/{kind}" for kind in ("delivery-status", "feedback-report", "disposition-notification")
)
_ROBOTS = re.compile(r"(?:mailer|mail|mm)[-_]?daemon|post[-_]?master|mdaemon|mail[-_]?delivery[-_](?:subsystem|system)")
_NOBODY = re.compile(r"(?:no|do[-_.]?not|dont|jangan|tidak)[-_.]?(?:reply|balas|dibalas|menjawab)(?:[-_.+].*)?")
_SUBJECTS = re.compile(
    r"(?:(?:re|fwd?)\s*:\s*)?(?:undeliver(?:able|ed)\b(?: mail| message)?(?:[ :]|$)"
    r"|mail (?:delivery|system) (?:fail|error|problem)"
    r"|(?:delivery|message|mail) (?:status notification|delivery (?:report|failure|failed|delayed)|undeliver)"
    r"|(?:delivery )?(?:failure|delivery) (?:notice|notification|status|report|failure)\b|returned (?:mail|to sender)"
    r"|non[- ]?delivery|could not deliver|nondeliverable|warning: (?:could not send|message .{0,40} delayed)"
    r"|message (?:you sent|not delivered|blocked)|loop alert|auto(?:matic|mated|matische)? ?(?:reply|response|antwort)\b"
    r"|out of (?:the )?office\b|away from (?:the )?office|balasan otomatis|jawaban otomatis|otomatis:|pesan otomatis:"
    r"|di luar kantor|gagal terkirim|pengiriman (?:email|surel|pesan) gagal|complaint about message from|abuse report)",
    re.IGNORECASE,
)
_SUPPRESSED: Final = frozenset({"all", "oof", "autoreply", "dr", "rn", "nrn"})


def is_null_sender(envelope_sender: str) -> bool:
    """The empty return path of bounces. Postfix's pipe writes it as MAILER-DAEMON, with no domain."""
    return envelope_sender.strip().lower() in {"<>", "mailer-daemon", "<mailer-daemon>"}


def nobody_reads(address: str) -> bool:
    """Whether this mailbox says by its name that nobody reads it."""
    return bool(_NOBODY.fullmatch(address.partition("@")[0].lower()))


def why_automatic(
    message: Message, header: Callable[[str], str], *, null_sender: bool, author: str, from_ourselves: bool
) -> str | None:
    """One word for the first sign of a machine, None when there is none. ``header`` reads a header by its name."""
    kind = message.get_content_type()
    if kind == "multipart/report":
        return "report"
    written_from = header("From").strip("<> ").lower()
    if _ROBOTS.fullmatch((author or written_from).partition("@")[0]) or (not author and not written_from):
        return "robot"
    if null_sender:
        return "null_sender"
    if from_ourselves:
        return "own_address"
    submitted = header("Auto-Submitted").lower().partition(";")[0].partition("(")[0].strip()
    if submitted and submitted != "no":
        return "auto_submitted"
    if header("Precedence").lower().strip() in {"bulk", "junk", "list", "auto_reply"}:
        return "precedence"
    if any(header(name) for name in ("List-Id", "List-Unsubscribe", "List-Post")):
        return "list"
    if any(header(name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "Auto-Reply")):
        return "auto_reply"
    if _SUPPRESSED & {word.strip() for word in header("X-Auto-Response-Suppress").lower().split(",")}:
        return "suppress"
    if any(header(name) for name in ("X-MLServer", "X-ML-Name", "Mailing-List", "X-Mailing-List", "X-Loop")):
        return "list"
    if nobody_reads(author):
        return "nobody_reads"
    if any(part.get_content_type() in _REPORT_PARTS for part in islice(message.walk(), _MOST_PARTS)):
        return "report"
    if _SUBJECTS.match(header("Subject")):
        return "subject"
    if any(header(name) for name in ("X-Failed-Recipients", "Feedback-Type", "X-MS-Exchange-Message-Is-Ndr")):
        return "report"
    return None
