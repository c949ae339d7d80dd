"""Files that lie at the provider: from hosts on the list, with the login only where it belongs, up to a size."""

from __future__ import annotations

import base64

import pytest

from channels.channel import FetchesMedia, MediaRefused, Unreachable
from channels.fetched_media import MediaSource, fetch_media
from channels.sms_twilio import open_channel
from channels.whatsapp_twilio import open_channel as open_whatsapp
from tests.channels.local_servers import HttpAnswer, HttpServer

LOGIN = ("AC" + "0" * 32, "rahasia-token-twilio")
SETTINGS = {"ACCOUNT_SID": LOGIN[0], "AUTH_TOKEN": LOGIN[1], "NUMBERS": "+628110001708"}
FILE = "/2010-04-01/Accounts/AC0/Messages/MM0/Media/ME0"


def fetch(url: str, *, api: str = "127.0.0.1", hosts: tuple[str, ...] = (), most_bytes: int = 1000) -> bytes:
    return fetch_media(url, MediaSource(api, LOGIN, hosts), most_bytes=most_bytes)


def test_the_login_stays_with_the_api_when_it_leads_elsewhere() -> None:
    with HttpServer(HttpAnswer(200, body=b"gambar")) as storage:
        there = storage.url.replace("127.0.0.1", "localhost") + "/ME0?signed=1"
        with HttpServer(HttpAnswer(307, {"Location": there})) as api:
            assert fetch(api.url + FILE, hosts=("localhost",)) == b"gambar"
    basic = base64.b64encode(":".join(LOGIN).encode()).decode()
    assert api.seen[0].headers["Authorization"] == f"Basic {basic}"
    assert "Authorization" not in storage.seen[0].headers
    assert storage.seen[0].path == "/ME0?signed=1"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/ME0",
        "https://api.twilio.com.example.com/ME0",
        "https://api.twilio.com@example.com/ME0",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://api.twilio.com/ME0",
        "//api.twilio.com/ME0",
        "",
        "https://[::1",
    ],
)
def test_from_nowhere_else(url: str) -> None:
    with pytest.raises(MediaRefused):
        fetch(url, api="api.twilio.com", hosts=("media.twiliocdn.com",))


@pytest.mark.parametrize(
    "there", ["http://10.0.0.1/", "https://evil.example.com/", "file:///etc/passwd", "//evil.example.com/"]
)
def test_where_it_leads_must_be_on_the_list_too(there: str) -> None:
    with HttpServer(HttpAnswer(302, {"Location": there})) as api, pytest.raises(MediaRefused, match="not a host"):
        fetch(api.url + FILE)


def test_not_in_circles() -> None:
    with HttpServer(HttpAnswer(302, {"Location": "/again"})) as api, pytest.raises(MediaRefused, match="next"):
        fetch(api.url + FILE)
    assert len(api.seen) < 6


def test_up_to_a_size() -> None:
    with HttpServer(HttpAnswer(200, body=b"x" * 1000)) as api:
        assert len(fetch(api.url + FILE)) == 1000
    with HttpServer(HttpAnswer(200, body=b"x" * 1001)) as api, pytest.raises(MediaRefused, match="too large"):
        fetch(api.url + FILE)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HttpAnswer(404), MediaRefused),
        (HttpAnswer(410), MediaRefused),
        (HttpAnswer(401), Unreachable),
        (HttpAnswer(429), Unreachable),
        (HttpAnswer(503), Unreachable),
        (HttpAnswer(cut=True), Unreachable),
    ],
)
def test_gone_is_gone_and_the_rest_comes_again(answer: HttpAnswer, error: type[Exception]) -> None:
    with HttpServer(answer) as api, pytest.raises(error):
        fetch(api.url + FILE)


def test_nobody_listening_is_for_later() -> None:
    with HttpServer() as api:
        url = api.url
    with pytest.raises(Unreachable):
        fetch(url + FILE)


def test_both_channels_of_twilio_fetch() -> None:
    with HttpServer(HttpAnswer(200, body=b"gambar")) as api:
        sms = open_channel(
            {f"SMS_TWILIO_{name}": value for name, value in {**SETTINGS, "API_URL": api.url}.items()}, public_url=""
        )
        whatsapp = open_whatsapp(
            {f"WHATSAPP_TWILIO_{name}": value for name, value in {**SETTINGS, "API_URL": api.url}.items()},
            public_url="",
        )
        for channel in (sms, whatsapp):
            assert isinstance(channel, FetchesMedia)
            assert channel.fetch_media(api.url + FILE) == b"gambar"
            with pytest.raises(MediaRefused):
                channel.fetch_media("https://evil.example.com/ME0")
    assert LOGIN[1] not in repr(sms)
    assert LOGIN[1] not in repr(MediaSource("api.twilio.com", LOGIN, ()))
