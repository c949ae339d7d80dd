"""For a WSGI server: ``granian --interface wsgi intake.web.wsgi:app``. Wrong settings are told and end it with 2."""

from __future__ import annotations

import gc
import sys
import threading

from flask import Flask

from channels.channel import Misconfigured
from intake import logs, spool
from intake.runtime import open_runtime
from intake.web.app import create_app


def open_app() -> Flask:
    """The application over the settings of the environment. Raises SystemExit after telling every fault."""
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


app = open_app()
