"""``sahut regions import``: boundaries of the regencies, brought by the operator.

The project ships none (they are large, and their licences differ). Once imported, a point decides by the polygon it
lies in instead of by the nearest capital.
"""

from __future__ import annotations

import gzip
import json
import os
from functools import lru_cache
from pathlib import Path

import click

from intake.understand.locate import (
    Boundaries,
    UnreadableBoundaries,
    load_boundaries,
    read_boundaries,
    regencies,
    save_boundaries,
)

_FILE = "boundaries.json.gz"


def boundaries_path() -> Path:
    """Where imported boundaries are kept: in the data folder, ``SAHUT_DATA`` or ``./data``."""
    return Path(os.environ.get("SAHUT_DATA", "data")) / _FILE


def imported_boundaries() -> Boundaries | None:
    """The boundaries imported on this machine; None when there are none. Loaded once for every change of the file."""
    path = f"{os.environ.get('SAHUT_DATA', 'data')}/{_FILE}"
    try:
        changed = os.stat(path).st_mtime_ns  # noqa: PTH116 - for every report: a Path costs more
    except OSError:
        return None
    return _load(path, changed)


@lru_cache(maxsize=1)
def _load(path: str, changed: int) -> Boundaries:  # noqa: ARG001 - `changed` is part of the key
    return load_boundaries(Path(path))


@click.group()
def regions() -> None:
    """The regions of Indonesia."""


@regions.command("import")
@click.argument("geojson", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_regions(geojson: Path) -> None:
    """Import the boundaries of regencies from a GEOJSON file (or .geojson.gz) with codes such as 16.03."""
    raw = geojson.read_bytes()
    try:
        collection = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
        if not isinstance(collection, dict):
            raise UnreadableBoundaries("not a FeatureCollection")
        boundaries = read_boundaries(collection)
    except (ValueError, OSError, EOFError) as wrong:
        told = f"{geojson.name}: {wrong}"
        raise click.ClickException(told) from wrong
    save_boundaries(boundaries, boundaries_path())
    covered = {area.regency for area in boundaries.areas}
    click.echo(
        f"{len(covered)} of {len(regencies())} regencies, {len(boundaries.areas)} polygons → {boundaries_path()}"
    )
