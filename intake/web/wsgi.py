"""For a WSGI server: ``granian --interface wsgi intake.web.wsgi:app``. Wrong settings are told and end it with 2."""

from __future__ import annotations

import sys

from flask import Flask

from channels.channel import Misconfigured
from intake.runtime import open_runtime
from intake.web.app import create_app


def open_app() -> Flask:
    """The application over the settings of the environment. Raises SystemExit after telling every fault."""
    try:
        return create_app(open_runtime())
    except Misconfigured as wrong:
        for fault in wrong.faults:
            print(fault, file=sys.stderr)  # noqa: T201 - an operator reads this
        raise SystemExit(2) from None


app = open_app()
