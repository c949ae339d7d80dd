"""How a process reaches PostgreSQL: one pool, short time-outs, UTC."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from intake.storage import bell

#: What "the database does not answer" looks like to a caller.
Unavailable = (OperationalError, InterfaceError, PoolTimeout)


def open_engine(url: str, *, pool_size: int = 8, statement_timeout_ms: int = 15_000) -> Engine:
    """An engine for one process. Nothing is connected until it is used.

    ``pool_pre_ping`` is off: it is a round trip on every request, and a connection that died is replaced on the retry
    that every caller of ours makes anyway (the outbox, the provider, the mail server).
    """
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": 3,
            "application_name": "sahut",
            "options": f"-c timezone=UTC -c statement_timeout={statement_timeout_ms} -c lock_timeout=5000",
        },
    )
    bell.hang(engine)
    return engine
