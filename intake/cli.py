"""The ``sahut`` command.

Sub-commands live in ``intake.commands``; each is imported only when it is called, so that ``sahut locate`` does not
pay for the web application and the other way round.
"""

from __future__ import annotations

import importlib

import click

# command → (module, attribute, one line for `sahut --help`)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "up": ("intake.commands.up", "up", "Start everything on this machine, servers included."),
    "doctor": ("intake.commands.doctor", "doctor", "Look whether everything this installation needs is there."),
    "release": ("intake.commands.operate", "release", "Bring the database to this release; or let parked work go on."),
    "restored": (
        "intake.commands.reconcile",
        "restored",
        "Make a database that was restored from a backup safe to use.",
    ),
    "parked": ("intake.commands.operate", "parked", "Work that was put aside after failing too often."),
    "lmtp": ("intake.commands.mail", "lmtp", "Take letters from a mail server by LMTP."),
    "catch-up": ("intake.commands.mail", "catch_up", "Fetch letters from a mailbox by IMAP."),
    "canary": ("intake.commands.canary", "canary", "Send a message to ourselves by each channel."),
    "reconcile": (
        "intake.commands.reconcile",
        "reconcile",
        "Hold what providers received for us against what we have.",
    ),
    "quarantine": ("intake.commands.operate", "quarantine", "Requests that could not be read; replay them."),
    "user": ("intake.commands.user", "user", "Officers and their log-ins."),
    "deadlines": ("intake.commands.deadlines", "deadlines", "Working days, promised days, and who is reminded."),
    "forget": ("intake.commands.forget", "forget", "Erase who reported and what was written; the figures stay."),
    "desk": ("intake.commands.operate", "desk", "How a regency is reached: inbox, webhook or e-mail."),
    "regency": ("intake.commands.regency", "regency", "What a regency sets for itself: numbers, units, topics."),
    "gateways": (
        "intake.commands.gateways",
        "gateways",
        "Gateways that stand in for each other: state, and one pinned.",
    ),
    "stats": ("intake.commands.operate", "stats", "How many messages, reports and replies there are."),
    "explain": ("intake.commands.relocate", "explain", "Why a report went where it went."),
    "relocate": ("intake.commands.relocate", "relocate", "Which open reports this release would send elsewhere."),
    "locate": ("intake.commands.understand_locate", "locate", "Which regency a text concerns."),
    "regions": ("intake.commands.regions", "regions", "Boundaries of the regencies, for coordinates."),
    "classify": ("intake.commands.understand_classify", "classify", "What a text is about."),
    "corrections": ("intake.commands.corrections", "corrections", "What officers corrected, as training data."),
    "quality": ("intake.commands.corrections", "quality", "How often the first guess was kept."),
    "train": ("intake.commands.train", "train", "Learn from officers' corrections."),
    "models": ("intake.commands.models", "models", "Models: list, compare, activate, roll back."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        found = getattr(importlib.import_module(module), attribute)
        assert isinstance(found, click.Command)  # noqa: S101 - a wrong line in the table above
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing one of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in self.list_commands(ctx)])


@click.group(cls=_Lazy, epilog="Example: sahut locate 'jalan rusak di desa Tegal Rejo, Lawang Kidul'")
@click.version_option(package_name="sahut", prog_name="sahut")
def main() -> None:
    """Sahut takes reports from citizens and sees that they are answered."""


if __name__ == "__main__":
    main()
