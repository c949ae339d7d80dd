"""The life of a report, as data: its states and the steps allowed between them.

The words are those of SP4N-LAPOR! (verifikasi, disposisi, tindak lanjut ...); ``docs/glossary.md`` has them in
English.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    DITERIMA = "diterima"
    MENUNGGU_VERIFIKASI = "menunggu_verifikasi"
    TERTUNDA = "tertunda"
    TERVERIFIKASI = "terverifikasi"
    TERDISPOSISI = "terdisposisi"
    DIPROSES = "diproses"
    DITINDAKLANJUTI = "ditindaklanjuti"
    DITANGGAPI_PELAPOR = "ditanggapi_pelapor"
    SELESAI = "selesai"
    DIBUKA_KEMBALI = "dibuka_kembali"
    DIKEMBALIKAN = "dikembalikan"
    DITERUSKAN = "diteruskan"
    DIGABUNG = "digabung"
    DIARSIPKAN = "diarsipkan"


S = State

#: From which state to which. A step that is not here does not exist, for anybody.
STEPS: Final[dict[State, frozenset[State]]] = {
    S.DITERIMA: frozenset({S.MENUNGGU_VERIFIKASI, S.TERTUNDA, S.TERDISPOSISI, S.DIARSIPKAN, S.DIGABUNG}),
    # Understood anew while it waits; and sent back by a regency that verifies what comes to it itself.
    S.MENUNGGU_VERIFIKASI: frozenset(
        {
            S.MENUNGGU_VERIFIKASI,
            S.TERTUNDA,
            S.TERVERIFIKASI,
            S.TERDISPOSISI,
            S.DIKEMBALIKAN,
            S.DITERUSKAN,
            S.DIARSIPKAN,
            S.DIGABUNG,
        }
    ),
    # An officer's own question ends at the unit's desk again: with an answer, or without one.
    S.TERTUNDA: frozenset(
        {
            S.TERTUNDA,
            S.MENUNGGU_VERIFIKASI,
            S.TERDISPOSISI,
            S.DITANGGAPI_PELAPOR,
            S.DIPROSES,
            S.DITERUSKAN,
            S.DIARSIPKAN,
            S.DIGABUNG,
        }
    ),
    S.TERVERIFIKASI: frozenset({S.TERTUNDA, S.TERDISPOSISI, S.DIKEMBALIKAN, S.DITERUSKAN, S.DIARSIPKAN, S.DIGABUNG}),
    S.TERDISPOSISI: frozenset(
        {S.DIPROSES, S.TERTUNDA, S.DITINDAKLANJUTI, S.DIKEMBALIKAN, S.DITERUSKAN, S.SELESAI, S.DIARSIPKAN, S.DIGABUNG}
    ),
    S.DIPROSES: frozenset(
        {S.TERTUNDA, S.DITINDAKLANJUTI, S.DIKEMBALIKAN, S.DITERUSKAN, S.SELESAI, S.DIARSIPKAN, S.DIGABUNG}
    ),
    S.DITINDAKLANJUTI: frozenset({S.DITANGGAPI_PELAPOR, S.DIPROSES, S.SELESAI, S.DITERUSKAN, S.DIGABUNG}),
    S.DITANGGAPI_PELAPOR: frozenset(
        {S.DIPROSES, S.TERTUNDA, S.DITINDAKLANJUTI, S.DIKEMBALIKAN, S.DITERUSKAN, S.SELESAI, S.DIGABUNG}
    ),
    S.SELESAI: frozenset({S.DIBUKA_KEMBALI}),
    S.DIBUKA_KEMBALI: frozenset(
        {S.DIPROSES, S.TERTUNDA, S.DITINDAKLANJUTI, S.DIKEMBALIKAN, S.DITERUSKAN, S.SELESAI, S.DIGABUNG}
    ),
    S.DIKEMBALIKAN: frozenset({S.TERVERIFIKASI, S.TERTUNDA, S.TERDISPOSISI, S.DITERUSKAN, S.DIARSIPKAN, S.DIGABUNG}),
    S.DITERUSKAN: frozenset({S.DIKEMBALIKAN, S.DITINDAKLANJUTI, S.SELESAI}),
    S.DIGABUNG: frozenset({S.MENUNGGU_VERIFIKASI, S.TERDISPOSISI}),
    S.DIARSIPKAN: frozenset({S.MENUNGGU_VERIFIKASI}),
}

#: The central triage looks at these.
FOR_TRIAGE: Final = frozenset({S.MENUNGGU_VERIFIKASI, S.DIKEMBALIKAN, S.TERVERIFIKASI})
#: A regency works on these.
AT_THE_DESK: Final = frozenset({S.TERDISPOSISI, S.DIPROSES, S.DITINDAKLANJUTI, S.DITANGGAPI_PELAPOR, S.DIBUKA_KEMBALI})
#: Nothing more is owed to anybody.
AT_REST: Final = frozenset({S.SELESAI, S.DIARSIPKAN, S.DIGABUNG})


class StepNotAllowed(Exception):
    """The report is not in a state from which this can be done (perhaps a colleague was quicker)."""

    def __init__(self, wanted: State) -> None:
        self.wanted = wanted
        super().__init__(f"no step to {wanted} from where the report is now")


def states_before(wanted: State) -> frozenset[State]:
    """All states from which ``wanted`` may be reached in one step."""
    return frozenset(state for state, following in STEPS.items() if wanted in following)
