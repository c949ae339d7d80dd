"""For a WSGI server: ``granian --interface wsgi intake.web.wsgi:app``. Wrong settings are told and end it with 2."""

from __future__ import annotations

import gc
import multiprocessing
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def end_when_told() -> None:
    """Let SIGTERM end a server's process that still loads the application.

    Granian forks its processes after it has begun to listen to SIGTERM and they listen themselves only when they have
    loaded: in between, the handler they have inherited takes the signal and does nothing with it, and the server waits
    for them for ever. Its listening replaces this one. Where nothing was forked (other servers, a script) nothing changes.
    """
    if multiprocessing.parent_process() is not None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def open_app() -> Flask:
    """The application over the settings of the environment. Raises SystemExit after telling every fault."""
    # Loaded here, and not above: most of the time goes into this, and whoever is told to end meanwhile has to end.
    from channels.channel import Misconfigured
    from intake import logs, spool
    from intake.runtime import open_runtime
    from intake.web.app import create_app

    logs.take_over()
    try:
        rt = open_runtime()
        app = create_app(rt)
        spool.watch(rt, threading.Event())  # for as long as the process lives
        gc.freeze()  # what was loaded stays: the collector need not look at it again and again
        return app
    except Misconfigured as wrong:
        for fault in wrong.faults:
            print(fault, file=sys.stderr)  # noqa: T201 - an operator reads this
        raise SystemExit(2) from None


end_when_told()
app = open_app()
