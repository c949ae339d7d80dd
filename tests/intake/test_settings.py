"""Settings: read once, all faults together, the lab never by accident."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from channels.channel import Misconfigured
from intake.settings import VARIABLES, Settings

GOOD = {
    "DATABASE_URL": "postgresql://sahut@db/sahut",
    "PUBLIC_URL": "https://lapor.example.go.id/",
    "SAHUT_SECRET_KEYS": "a" * 32,
}
LAB = {
    "DATABASE_URL": "postgresql:///sahut?host=/tmp/x",
    "PUBLIC_URL": "http://127.0.0.1:8080",
    "SAHUT_SECRET_KEYS": "a" * 32,
    "SAHUT_EMBEDDED": "1",
    "SAHUT_LAB": "1",
    "SMS_TWILIO_API_URL": "http://127.0.0.1:9000/twilio",
    "EMAIL_SMTP_URL": "smtp://127.0.0.1:2525?tls=no",
}


def faults(environ: dict[str, str]) -> str:
    with pytest.raises(Misconfigured) as told:
        Settings.from_environ(environ)
    return "\n".join(told.value.faults)


def test_good_settings_are_read() -> None:
    settings = Settings.from_environ(GOOD)
    assert settings.database_url == "postgresql+psycopg://sahut@db/sahut"
    assert settings.public_url == "https://lapor.example.go.id"
    assert not settings.lab


def test_all_faults_are_told_at_once() -> None:
    told = faults({"PUBLIC_URL": "http://lapor.example.go.id", "SAHUT_SECRET_KEYS": "short", "SAHUT_BATCH": "many"})
    for name in ("DATABASE_URL", "PUBLIC_URL", "SAHUT_SECRET_KEYS", "SAHUT_BATCH"):
        assert name in told


def test_secrets_are_not_in_the_repr() -> None:
    settings = Settings.from_environ(
        {
            **GOOD,
            "SMS_TWILIO_AUTH_TOKEN": "tokentoken",
            "REDIS_URL": "redis://:redispass@c/0",
            "DATABASE_URL": "postgresql://sahut:dbpass@db/sahut",
        }
    )
    assert "aaaa" not in repr(settings)
    for secret in ("tokentoken", "redispass", "dbpass"):
        assert secret not in repr(settings)


def test_the_lab_on_its_own_machine() -> None:
    assert Settings.from_environ(LAB).lab


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"SAHUT_EMBEDDED": "0"}, "SAHUT_EMBEDDED"),
        ({"DATABASE_URL": "postgresql://sahut@db.example.go.id/sahut"}, "DATABASE_URL"),
        ({"PUBLIC_URL": "https://lapor.example.go.id"}, "PUBLIC_URL"),
        ({"SMS_TWILIO_API_URL": ""}, "SMS_TWILIO_API_URL"),
        ({"SMS_TWILIO_API_URL": "https://api.twilio.com"}, "SMS_TWILIO_API_URL"),
        ({"EMAIL_SMTP_URL": "smtp://mail.example.go.id"}, "EMAIL_SMTP_URL"),
    ],
)
def test_the_lab_refuses_to_be_anywhere_else(changed: dict[str, str], named: str) -> None:
    told = faults({**LAB, **changed})
    assert "SAHUT_LAB: refused" in told or "SAHUT_LAB: the lab exists only" in told
    assert named in told


def test_the_example_names_every_variable_and_no_other() -> None:
    root = Path(__file__).parents[2]
    example = (root / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    in_channels = set()
    for source in (root / "channels").rglob("*.py"):
        in_channels |= set(
            re.findall(r'"((?:SMS|EMAIL|WHATSAPP|DESK|WEB)_[A-Z0-9_]*[A-Z0-9])"', source.read_text(encoding="utf-8"))
        )
    # WhatsApp by Twilio reads the same names under another family name.
    in_channels |= {
        name.replace("SMS_TWILIO", "WHATSAPP_TWILIO") for name in in_channels if name.startswith("SMS_TWILIO")
    }
    assert named == set(VARIABLES) | in_channels
