"""Write a migration from the difference between the tables of the code and those the migrations build."""

from __future__ import annotations

import sys

from alembic import command
from alembic.script import ScriptDirectory

from intake.embedded import temporary_postgres
from intake.storage.database import open_engine
from intake.storage.migrate import config, run


def main(why: str) -> int:
    if not why.strip():
        print('say why: make migration m="officers have a phone number"', file=sys.stderr)
        return 2
    settings = config()
    number = len(list(ScriptDirectory.from_config(settings).walk_revisions())) + 1
    with temporary_postgres() as server:
        engine = open_engine(server.url)
        with engine.begin() as connection:
            run(connection)
            settings.attributes["connection"] = connection
            command.revision(settings, message=why, autogenerate=True, rev_id=f"{number:04}")
        engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
