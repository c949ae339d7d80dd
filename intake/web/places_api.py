"""The regions of Indonesia as JSON, for the lists of the form: what lies in a region, and what is called so.

Public and the same for everybody, so every cache may keep it for a day.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from intake.web.places import search, within

places_api = Blueprint("places", __name__, url_prefix="/wilayah")

_KEPT: Final = "public, max-age=86400"
_LONGEST_SEARCH: Final = 80


@places_api.get("/<code>.json")
def list_within(code: str) -> Response:
    """``[[code, name], ...]`` of what lies in a region, by name; ``indonesia`` for the provinces."""
    return _kept(jsonify(within("" if code == "indonesia" else code)))


@places_api.get("/cari")
def find_places() -> Response:
    """``[[code, name], ...]`` of the regions that fit the words in ``q``; at most a dozen."""
    return _kept(jsonify([[place.code, place.name] for place in search(request.args.get("q", "")[:_LONGEST_SEARCH])]))


def _kept(response: Any) -> Response:
    made: Response = response
    made.headers["Cache-Control"] = _KEPT
    return made
