"""Structured logs, configured once. An event is a fixed name with ids; what people wrote or who they are never is."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import structlog

#: Fields that may carry what must not be logged, whoever passes them.
FORBIDDEN: Final = frozenset(
    {
        "text",
        "body",
        "subject",
        "sender",
        "recipient",
        "to",
        "from",
        "name",
        "number",
        "phone",
        "email",
        "address",
        "url",
        "token",
    }
)


_OUR_ROOMS: Final = frozenset({"channels", "intake", "workers"})


def _drop_forbidden(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    for key in FORBIDDEN & event.keys():
        event[key] = "[tidak dicatat]"
    return event


def _name_the_exception_only(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Exception texts may quote a row or a message: its type and place are enough to find it."""
    found = event.pop("exc_info", None)
    if isinstance(found, tuple):
        found = found[1]
    if found:
        error = found if isinstance(found, BaseException) else sys.exc_info()[1]
        if error is not None:
            event["error"] = type(error).__qualname__
            event["at"] = _place_of(error)
    return event


def _place_of(error: BaseException) -> str:
    """Where it was raised, and the innermost place of ours on the way there."""
    places = []
    place = error.__traceback__
    while place is not None:
        places.append(f"{place.tb_frame.f_globals.get('__name__')}:{place.tb_lineno}")
        place = place.tb_next
    ours = [name for name in places if name.partition(".")[0] in _OUR_ROOMS]
    return " < ".join(dict.fromkeys([*places[-1:], *ours[-1:]]))


class _StandardError:
    """Writes a line to whatever standard error is now."""

    def msg(self, message: str) -> None:
        print(message, file=sys.stderr, flush=True)  # noqa: T201 - this is where log lines leave

    debug = info = warning = error = critical = exception = msg


def configure(level: str = "info") -> None:
    """One JSON object a line on standard error. Safe to call more than once."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _drop_forbidden,
            _name_the_exception_only,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=lambda *_: _StandardError(),
        cache_logger_on_first_use=False,
    )


def get(name: str) -> Any:
    """The logger of a room."""
    return structlog.get_logger(room=name)


class _OnlyTheTemplate(logging.Handler):
    """What libraries log, without what they filled in and without the text of an exception: both may quote a person."""

    def emit(self, record: logging.LogRecord) -> None:
        said = str(record.msg) if record.args else None  # without arguments it may be filled in already
        get(record.name).log(record.levelno, "library_said", template=said, exc_info=record.exc_info)


def take_over() -> None:
    """For a process of ours: what libraries log, and what nobody caught, keeps to the rules above too."""
    logging.basicConfig(handlers=[_OnlyTheTemplate()], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda _, error, __: get("process").critical("nobody_caught", exc_info=error)
    threading.excepthook = lambda told: get("process").critical("nobody_caught", exc_info=told.exc_value)


configure()  # before anything is logged: the library's own default would print texts and local variables
