"""How a process reaches PostgreSQL: one pool, short time-outs, UTC."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from intake.storage import bell


class Overloaded(SQLAlchemyError):
    """More want to write than the database takes at this moment: come again."""


class QuarantineFull(Overloaded):
    """A channel brought more that cannot be read than is kept within an hour: come again, an hour later."""


#: What "the database does not answer" looks like to a caller.
Unavailable = (OperationalError, InterfaceError, PoolTimeout, Overloaded)
#: How long a connection over TCP waits for a server that is gone without a farewell (libpq's names, seconds and ms).
PATIENCE: Final[dict[str, Any]] = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

#: And how long the server waits for us: what a host that lost its power had locked stays locked until the server notices,
#: by its own defaults after two hours (https://www.postgresql.org/docs/current/runtime-config-connection.html).
_PATIENCE_OF_THE_SERVER: Final = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10000"
)

#: PostgreSQL calls what goes beyond its limits "operational", like a server that is away: it will say so every time.
_BEYOND_THE_LIMITS: Final = "54"


def is_lasting(fault: Exception) -> bool:
    """Whether the database would refuse the same values for ever, so that they must be kept elsewhere.

    False for one that is away, busy or slow, and for one that is not at this release yet or lets nobody write (a
    standby after a change of servers): that passes. So does it when this process or the server has no memory left.
    """
    if isinstance(fault, DBAPIError):
        state = str(getattr(fault.orig, "sqlstate", None) or "")
        limits = state.startswith(_BEYOND_THE_LIMITS) or _wants_too_much_at_once(fault)
        return isinstance(fault, DataError | IntegrityError) or limits
    return isinstance(fault, StatementError) or not isinstance(fault, SQLAlchemyError | MemoryError)


def _wants_too_much_at_once(fault: DBAPIError) -> bool:
    """Whether a value would need more than the gigabyte PostgreSQL gives to one ("invalid memory alloc request size").

    It calls that an internal error, as it calls a damaged file; the place in its source tells them apart in any language.
    """
    said = getattr(fault.orig, "diag", None)
    return getattr(said, "sqlstate", None) == "XX000" and str(getattr(said, "source_file", "")).endswith("mcxt.c")


def is_deadlock(fault: Exception) -> bool:
    """Whether two of ours waited for each other and this one was chosen to give way."""
    return isinstance(fault, DBAPIError) and getattr(fault.orig, "sqlstate", None) == "40P01"


def gives_way(fault: Exception) -> bool:
    """The same, or a lock was waited for longer than it should be: what was begun may be begun anew."""
    return is_deadlock(fault) or (isinstance(fault, DBAPIError) and getattr(fault.orig, "sqlstate", None) == "55P03")


#: For who only ever looks up by keys. A statement is planned once for a connection, and while a table has few pages the plan
#: is to read it through. In a flood on a young system the table has ten thousand rows before that plan is made anew
#: (autovacuum counts them once a minute). Nor is a whole index walked along, as to join two tables by sorting or hashing:
#: these look up a handful each time.
_BY_KEYS: Final = " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"


def open_engine(url: str, *, pool_size: int = 8, statement_timeout_ms: int = 15_000, by_keys: bool = False) -> Engine:
    """An engine for one process. Nothing is connected until it is used.

    ``by_keys``: no table is read through where there is another way; for processes without figures and lists.

    ``pool_pre_ping`` is off: it is a round trip on every request, and a connection that died is replaced on the retry
    that every caller of ours makes anyway (the outbox, the provider, the mail server).
    """
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        pool_recycle=1800,
        hide_parameters=True,  # an error's text would hold what people wrote
        connect_args={
            **PATIENCE,
            "application_name": "sahut",
            # Compiling a statement takes longer than any of ours, and up to release 17 PostgreSQL compiles whatever reads a
            # table through where it should not.
            "options": f"-c timezone=UTC -c jit=off -c statement_timeout={statement_timeout_ms} -c lock_timeout=5000 "
            + _PATIENCE_OF_THE_SERVER
            + (_BY_KEYS if by_keys else ""),
        },
    )
    bell.hang(engine)
    return engine
