"""The officer's list of reports: views, filters, and a search in the words citizens used.

What surprises: words are found by their stems ("perbaikan" finds "diperbaiki"), as PostgreSQL's Indonesian dictionary
cuts them, and the regency is one of the words, so that a search never reads the reports of other regencies. Pages are
cut by the id of the last report shown, which costs the same on the thousandth page as on the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, text

from intake import identity
from intake.domain.calendar import ZONES
from intake.domain.reference import report_id_of
from intake.domain.report import AT_THE_DESK, FOR_TRIAGE, State
from intake.storage import scope
from intake.storage.deadlines import CENTRAL_ZONE, place_word
from intake.storage.officers import Officer
from intake.storage.ratings import UNHAPPY_REPORT
from intake.understand.locate import regencies

View = Literal["perlu_tindakan", "menunggu", "selesai", "disisihkan", "semua"]
Lateness = Literal["", "terlambat", "segera", "tidak_puas"]

#: The views of the inbox: which states each shows.
VIEWS: Final[dict[View, frozenset[State]]] = {
    # A regency that looks at its reports itself has them in verification, too.
    "perlu_tindakan": (AT_THE_DESK - {State.DITINDAKLANJUTI}) | FOR_TRIAGE,
    "menunggu": frozenset({State.DITINDAKLANJUTI, State.TERTUNDA, State.DITERUSKAN}),
    "selesai": frozenset({State.SELESAI}),
    "disisihkan": frozenset({State.DIARSIPKAN, State.DIGABUNG}),
    "semua": frozenset(State),
}
#: For the central desk what needs action is what no regency has.
_CENTRAL_ACTION: Final = FOR_TRIAGE | {State.DITERIMA}
_LONGEST_SEARCH: Final = 200
_BEGINNING: Final = 200
#: Of a view no more than these are counted: what is more is shown as "999+".
MOST_COUNTED: Final = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reports of the officer's are listed; empty fields do not narrow. Days are the officer's calendar days."""

    view: View = "perlu_tindakan"
    state: str = ""
    topic: str = ""
    urgency: str = ""
    channel: str = ""
    unit: str = ""
    lateness: Lateness = ""
    since: date | None = None
    until: date | None = None
    words: str = ""

    @property
    def narrows(self) -> bool:
        """Whether anything but the view was chosen."""
        return self != Wanted(view=self.view)

    @classmethod
    def of(cls, typed: Mapping[str, str]) -> Wanted:
        """What an address asks for; what it cannot mean is left out, so that an old link still shows something."""
        typed = {name: value.replace("\0", " ").strip() for name, value in typed.items()}
        asked = typed.get("tampilan", "")
        view: View = asked if asked in VIEWS else "semua" if typed.get("cari") else "perlu_tindakan"
        late = typed.get("batas", "")
        state = typed.get("keadaan", "")
        return cls(
            view=view,
            state=state if state in set(State) else "",
            topic=typed.get("topik", "")[:20],
            urgency=typed.get("urgensi", "")[:20],
            channel=typed.get("saluran", "")[:40],
            unit=typed.get("unit", "")[:200],
            lateness=late if late in {"terlambat", "segera", "tidak_puas"} else "",  # type: ignore[arg-type]
            since=_day(typed.get("dari", "")),
            until=_day(typed.get("sampai", "")),
            words=" ".join(typed.get("cari", "").split())[:_LONGEST_SEARCH],
        )

    def as_query(self) -> dict[str, str]:
        """The address of this list again."""
        fields = {
            "tampilan": self.view, "keadaan": self.state, "topik": self.topic, "urgensi": self.urgency,
            "saluran": self.channel, "unit": self.unit, "batas": self.lateness,
            "dari": self.since.isoformat() if self.since else "",
            "sampai": self.until.isoformat() if self.until else "", "cari": self.words,
        }  # fmt: skip
        return {name: value for name, value in fields.items() if value}


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class InboxRow:
    """``next_due`` is when the officers' next deadline ends, None while none runs; ``soon_at`` when that is soon."""

    id: int
    reference: str
    state: State
    regency: str | None
    topic: str | None
    urgency: str | None
    unit: str | None
    secret: bool
    opened_at: datetime
    channel: str
    beginning: str
    next_due: datetime | None
    next_clock: str | None
    soon_at: datetime | None

    def lateness(self, now: datetime) -> Lateness:
        """Whether the next deadline is over, or soon."""
        if self.next_due is None:
            return ""
        if now > self.next_due:
            return "terlambat"
        return "segera" if self.soon_at is not None and now >= self.soon_at else ""


def states_of(officer: Officer, view: View) -> frozenset[State]:
    """Which states a view shows this officer."""
    if officer.role == "central" and view == "perlu_tindakan":
        return _CENTRAL_ACTION
    return VIEWS[view]


def inbox(
    connection: Connection,
    officer: Officer,
    wanted: Wanted | None = None,
    *,
    now: datetime,
    before: int | None = None,
    limit: int = 50,
) -> list[InboxRow]:
    """The officer's reports that are wanted, newest first. ``before``: only those of smaller id."""
    wanted = wanted or Wanted()
    own = scope.of(officer)
    conditions, values = _narrow(officer, wanted, now)
    where = [*conditions, own.where]
    values |= {"limit": limit, **own.values}
    if before is not None:
        where.append("r.id < :before")
        values["before"] = before
    joins = "left join deadline d on d.report_id = r.id"
    if wanted.words:
        found, said = _search(officer, wanted.words)
        where.append(found)
        values |= said
        joins += " join search_words s on s.report_id = r.id" if "s.words" in found else ""
    rows = connection.execute(
        text(f"""
            select found.*, left(m.text, 300) as beginning, m.extra
            from (select r.id, r.reference, r.state, r.regency, r.topic, r.urgency, r.unit, r.secret, r.opened_at,
                         r.channel, d.next_due, d.next_clock, d.soon_at, r.anonymous, r.sender
                  from report r {joins} where {" and ".join(where)} order by r.id desc limit :limit) as found
            join message m on m.id = found.id order by found.id desc
        """),
        values,
    )
    return [_row(row) for row in rows]


def _row(row: Any) -> InboxRow:
    fields = {**row._mapping, "state": State(row.state)}
    who = {name: fields.pop(name) for name in ("anonymous", "sender", "extra")}
    fields["beginning"] = identity.hide_beginning(row.beginning, **who)[:_BEGINNING]
    return InboxRow(**fields)


def _narrow(officer: Officer, wanted: Wanted, now: datetime, prefix: str = "") -> tuple[list[str], dict[str, object]]:
    """The conditions on ``report r`` and ``deadline d`` of a list, but for whose it is and the words; with their values."""
    states = {State(wanted.state)} if wanted.state else states_of(officer, wanted.view)
    where = [f"r.state = any(:{prefix}states)"]
    values: dict[str, object] = {f"{prefix}states": sorted(str(s) for s in states)}
    for column in ("topic", "urgency", "channel", "unit"):
        if chosen := getattr(wanted, column):
            where.append(f"r.{column} = :{prefix}{column}")
            values[f"{prefix}{column}"] = chosen
    if wanted.lateness == "tidak_puas":
        where.append(UNHAPPY_REPORT)
    elif wanted.lateness:
        late, soon = f"d.next_due < :{prefix}now", f"d.soon_at <= :{prefix}now and d.next_due >= :{prefix}now"
        where.append(late if wanted.lateness == "terlambat" else soon)
        values[f"{prefix}now"] = now
    zone = ZONES[regencies()[officer.regency].zone if officer.regency else CENTRAL_ZONE]
    if wanted.since:
        where.append(f"r.opened_at >= :{prefix}since")
        values[f"{prefix}since"] = datetime.combine(wanted.since, time.min, zone)
    if wanted.until:
        where.append(f"r.opened_at < :{prefix}until")
        values[f"{prefix}until"] = datetime.combine(wanted.until, time.min, zone) + timedelta(days=1)
    return where, values


def _search(officer: Officer, words: str, prefix: str = "") -> tuple[str, dict[str, object]]:
    """The condition that finds words, or a report by its number; with its values."""
    report_id = report_id_of(words)
    if report_id is not None:
        return f"r.id = :{prefix}report_id", {f"{prefix}report_id": report_id}
    asked = f"websearch_to_tsquery('indonesian', :{prefix}words)"
    not_by_identity = identity.NOT_FOUND_BY_WHO_IT_IS.replace(":words", f":{prefix}words")
    if officer.regency:
        place = f"'{place_word(officer.regency)}'"
        found = f"s.words @@ ({asked} && cast(:{prefix}place as tsquery)) and {not_by_identity}"
        return found, {f"{prefix}words": words, f"{prefix}place": place}
    return f"s.words @@ {asked} and {not_by_identity}", {f"{prefix}words": words}


def count_each(connection: Connection, officer: Officer, wanted: Sequence[Wanted], *, now: datetime) -> list[int]:
    """How many of the officer's reports each list holds, at most MOST_COUNTED; in one statement."""
    if not wanted:
        return []
    own = scope.of(officer)
    values: dict[str, object] = {**own.values, "most": MOST_COUNTED}
    parts = []
    for place, each in enumerate(wanted):
        where, more = _narrow(officer, each, now, prefix=f"v{place}_")
        joins = "left join deadline d on d.report_id = r.id" if each.lateness else ""
        if each.words:
            found, said = _search(officer, each.words, prefix=f"v{place}_")
            where.append(found)
            more |= said
            joins += " join search_words s on s.report_id = r.id" if "s.words" in found else ""
        values |= more
        parts.append(f"select 1 from report r {joins} where {own.where} and {' and '.join(where)}")
    return _count_all(connection, parts, values)


def _count_all(connection: Connection, parts: Sequence[str], values: Mapping[str, object]) -> list[int]:
    counted = ", ".join(f"(select count(*) from ({part} limit :most) as counted)" for part in parts)
    return [int(number) for number in connection.execute(text(f"select {counted}"), values).one()]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many reports each view holds, and how many of the open ones are late or nearly so; at most MOST_COUNTED."""

    views: dict[View, int]
    late: int
    soon: int
    unhappy: int


def counts(connection: Connection, officer: Officer, *, now: datetime) -> Counts:
    """Count the officer's reports, in one statement. What is finished grows for ever: nothing is counted past
    MOST_COUNTED, so the page costs the same in the tenth year.
    """
    own = scope.of(officer)
    values: dict[str, object] = {**own.values, "now": now, "most": MOST_COUNTED}
    parts = []
    for view in VIEWS:
        values[f"{view}_states"] = sorted(str(state) for state in states_of(officer, view))
        parts.append(f"select 1 from report r where {own.where} and r.state = any(:{view}_states)")
    due = "select 1 from deadline d join report r on r.id = d.report_id where {} and " + own.where
    parts += [due.format("d.next_due < :now"), due.format("d.next_due >= :now and d.soon_at <= :now")]
    parts.append(f"select 1 from report r where {own.where} and {UNHAPPY_REPORT}")
    *views, late, soon, unhappy = _count_all(connection, parts, values)
    return Counts(dict(zip(VIEWS, views, strict=True)), late, soon, unhappy)
