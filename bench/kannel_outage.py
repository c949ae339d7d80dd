"""2,000 SMS through a real Kannel with PostgreSQL stopped for 20 seconds in the middle: are all kept, none twice?

    python -m bench.kannel_outage [--messages 2000] [--outage 20] [--json]

Needs Debian's kannel (`tools/debian-packages kannel kannel-extras`). Exit code 1 when a message is missing or doubled.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.gateways.house_behind_kannel import house_behind_kannel, run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--outage", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, house_behind_kannel(Path(folder)) as behind:
        figures: dict[str, object] = dict(run(behind, messages=wanted.messages, outage_seconds=wanted.outage))
        [(kept, distinct)] = behind.house.figures("select count(*), count(distinct external_id) from message")
        [(reports,)] = behind.house.figures("select count(*) from report")
        copies = Counter(behind.received().values())
        figures |= {
            "sent": wanted.messages, "kept": kept, "distinct": distinct, "reports": reports,
            "answered_once": copies[1], "answered_more_than_once": sum(n for times, n in copies.items() if times > 1),
            "spooled": behind.house.log("web").count("request_spooled"),
        }  # fmt: skip
    print(json.dumps(figures) if wanted.json else "\n".join(f"{name:24} {value}" for name, value in figures.items()))
    return 0 if (kept, reports, copies) == (wanted.messages, wanted.messages, Counter({1: wanted.messages})) else 1


if __name__ == "__main__":
    sys.exit(main())
