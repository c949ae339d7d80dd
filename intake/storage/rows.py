"""Rows as JSON: one parameter for all rows that a statement writes (``json_to_recordset``).

orjson, because ``json`` took a tenth of what it takes to decide a message; it writes moments and enumerations by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Plain values, moments and enumerations, as deep as they are. Raises TypeError for anything else, for numbers beyond
    64 bits and for text that is no Unicode: for what is ours, and what the database has kept already.
    """
    return orjson.dumps(rows).decode()
