"""The example gateways as an operator would copy them: what they send us, what we send them, what is told at start."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.channel import Channel, Forged, Misconfigured, ReadsSeveral, ReportsDelivery, SendFailed, Unreadable
from channels.messages import Ack, AckResponse, Headers, InboundRequest, OutboundMessage
from channels.sms_http import SmsHttp, open_channels, pick
from tests.channels.local_servers import HttpAnswer, HttpServer
from tests.channels.replay import PUBLIC_URL, RECORDED, SECRET, check, make_request, read, recordings, request_of

EXAMPLE = Path(__file__).parents[2] / "docs" / "gateways" / "sms_http.toml"
SIGNING_SECRET = "rahasia-tanda-tangan"
SECRETS = {
    "ZENZIVA_USERKEY": "kunci-pengguna",
    "ZENZIVA_PASSKEY": "kunci-sandi",
    "VONAGE_PATH_SECRET": SECRET,
    "VONAGE_API_KEY": "kunci-api",
    "VONAGE_API_SECRET": "rahasia-api",
    "INFOBIP_SIGNING_SECRET": SIGNING_SECRET,
    "INFOBIP_AUTHORIZATION": "App kunci-infobip",
}
MESSAGE = OutboundMessage(id="42", to="+628110000001", sender="", text="Laporan 7K3 diterima.")
Change = Callable[[dict[str, Any]], object]


def example() -> dict[str, Any]:
    return tomllib.loads(EXAMPLE.read_text())["gateways"]  # type: ignore[no-any-return]


def open_all(gateways: dict[str, Any], **environ: str) -> dict[str, SmsHttp]:
    environ = {**SECRETS, "SMS_HTTP_GATEWAYS": json.dumps(gateways), **environ}
    return {channel.gateway.name: channel for channel in open_channels(environ, public_url=PUBLIC_URL)}


def gateway(name: str, *, url: str = "", change: Change = lambda block: None) -> SmsHttp:
    block = copy.deepcopy(example()[name])
    if url:
        block["outbound"]["send_to"] = url
    change(block)
    return open_all({name: block})[name]


def signed(request: InboundRequest) -> InboundRequest:
    proof = hmac.new(SIGNING_SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    return replace(request, headers=Headers({**request.headers, "X-Signature": f"sha256={proof}"}))


def test_the_example_file_opens_a_channel_for_each_gateway(tmp_path: Path) -> None:
    from_toml = open_channels({**SECRETS, "SMS_HTTP_CONFIG": str(EXAMPLE)}, public_url=PUBLIC_URL)
    as_json = tmp_path / "gateways.json"
    as_json.write_text(json.dumps({"gateways": example()}))
    from_json = open_channels({**SECRETS, "SMS_HTTP_CONFIG": str(as_json)}, public_url=PUBLIC_URL)
    assert [channel.name for channel in from_toml] == ["sms_http_zenziva", "sms_http_vonage", "sms_http_infobip"]
    assert [repr(channel) for channel in from_json] == [repr(channel) for channel in from_toml]
    for channel in from_toml:
        plain: Channel = channel
        assert plain.medium == "sms"
        assert isinstance(plain, ReportsDelivery)
        assert isinstance(plain, ReadsSeveral)
    assert not [secret for secret in SECRETS.values() if secret in repr(from_toml)]


@pytest.mark.parametrize("path", recordings("sms_http"))
def test_recorded(path: Path) -> None:
    check(gateway(read(path)["gateway"]), path, sign=signed)


def test_several_messages_in_one_request() -> None:
    channel = gateway("infobip")
    request = signed(request_of(read(RECORDED / "sms_http" / "infobip_several.json")))
    channel.verify(request)
    assert [message.external_id for message in channel.parse_all(request)] == ["817790313235066447", "2"]


def test_several_reports_are_not_all_about_the_message_in_the_address() -> None:
    body = json.dumps({"results": [{"messageId": str(n), "status": {"groupName": "DELIVERED"}} for n in (1, 2)]})
    request = make_request(f"{PUBLIC_URL}/hooks/sms_http_infobip/delivery?mid=42", body=body.encode())
    channel = gateway("infobip")
    with pytest.raises(Unreadable, match="several"):
        channel.parse_delivery(request)
    reports = channel.parse_all_deliveries(request)
    assert [(report.message_id, report.external_id) for report in reports] == [("", "1"), ("", "2")]


def test_a_message_without_an_id_is_named_by_what_it_is() -> None:
    channel = gateway("vonage", change=lambda block: block["inbound"]["fields"].update(id=["msisdn", "at", "text"]))

    def named(**fields: str) -> str:
        said = {"msisdn": "628110000001", "at": "1795289049", "text": "halo", **fields}
        body = "&".join(f"{name}={value}" for name, value in said.items()).encode()
        return channel.parse(make_request(f"{PUBLIC_URL}/hooks/x", body=body)).external_id

    assert named() == named()
    assert len({named(), named(at="1795289050"), named(text="hal"), named(msisdn="62811")}) == 4


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["results", "messageId", "a"]), inner),
)


@given(said=JUNK)
def test_no_json_breaks_reading(said: object) -> None:
    channel = gateway("infobip")
    request = make_request(f"{PUBLIC_URL}/hooks/x", body=json.dumps(said).encode())
    for reading in (channel.parse_all, channel.parse_all_deliveries):
        try:
            found = reading(request)
        except Unreadable:
            continue
        assert found


def test_picking() -> None:
    said = {"a": [{"b": 1}, {"b": None}], "c": True, "d": 1.5, "e": {"f": "x\x00"}}
    paths = ["a.0.b", "a.1.b", "a.2.b", "a.-1", "a.b", "c", "d", "e", "e.f", "e.f.g", "", "a.99999999999999999999"]
    assert [pick(said, path) for path in paths] == ["1", "", "", "", "", "true", "1.5", "", "x", "", "", ""]


@pytest.mark.parametrize(
    ("proofs", "headers", "caller", "welcome"),
    [
        ({"header": {"name": "X-Key", "values": ["k" * 16, "l" * 16]}}, {"x-key": "l" * 16}, "", True),
        ({"header": {"name": "X-Key", "values": ["k" * 16]}}, {"x-key": "l" * 16}, "", False),
        ({"header": {"name": "X-Key", "values": ["k" * 16]}}, {}, "", False),
        ({"logins": ["sahut:kata-sandi"]}, {"Authorization": "Basic c2FodXQ6a2F0YS1zYW5kaQ=="}, "", True),
        ({"logins": ["sahut:kata-sandi"]}, {"Authorization": "Basic c2FodXQ6c2FsYWg="}, "", False),
        ({"allow": ["10.1.2.0/24"]}, {}, "10.1.2.9", True),
        ({"allow": ["10.1.2.0/24"]}, {}, "10.1.3.9", False),
        ({"allow": ["10.1.2.0/24"], "logins": ["a:b"]}, {}, "10.1.2.9", False),
        ({"path_secrets": [SECRET]}, {}, "", True),
        ({"path_secrets": ["rahasia-yang-lain-01"]}, {}, "", False),
        ({"hmac": {"header": "X-S", "secrets": ["s"]}}, {"X-S": "F" * 64}, "", False),
        (
            {"hmac": {"header": "X-S", "secrets": ["lama", "s"], "algorithm": "sha1", "coding": "base64"}},
            {"X-S": "8aE7EQ0f+bXphOcMpK8ROM40qoo="},
            "",
            False,
        ),
    ],
)
def test_proofs(proofs: dict[str, Any], headers: dict[str, str], caller: str, welcome: bool) -> None:
    channel = gateway("vonage", change=lambda block: block.update(proofs=proofs))
    url = f"{PUBLIC_URL}/hooks/sms_http_vonage/{SECRET}"
    request = make_request(url, headers=headers, body=b"halo", remote_address=caller)
    if welcome:
        channel.verify(request)
    else:
        with pytest.raises(Forged):
            channel.verify(request)


@pytest.mark.parametrize(
    ("algorithm", "coding", "claim"),
    [
        ("sha256", "hex", lambda digest: digest.hex().upper()),
        ("sha1", "base64", lambda digest: base64.b64encode(digest).decode()),
        ("sha512", "hex", lambda digest: digest.hex()),
    ],
)
def test_signatures_over_the_body(algorithm: str, coding: str, claim: Callable[[bytes], str]) -> None:
    proof = {"header": "X-S", "secrets": ["lama", "baru"], "algorithm": algorithm, "coding": coding, "prefix": "v1="}
    channel = gateway("infobip", change=lambda block: block.update(proofs={"hmac": proof}))
    digest = hmac.new(b"baru", b"halo", algorithm).digest()
    url, headers = f"{PUBLIC_URL}/hooks/sms_http_infobip", {"X-S": f"v1={claim(digest)}"}
    channel.verify(make_request(url, headers=headers, body=b"halo"))
    for wrong in (
        make_request(url, headers=headers, body=b"halo!"),
        make_request(url, headers={"X-S": claim(digest)}, body=b"halo"),
    ):
        with pytest.raises(Forged):
            channel.verify(wrong)


def test_a_gateway_that_only_sends_for_us_has_no_door() -> None:
    channel = gateway("zenziva")
    request = make_request(f"{PUBLIC_URL}/hooks/sms_http_zenziva")
    with pytest.raises(Forged):
        channel.verify(request)
    for reading in (channel.parse, channel.parse_delivery):
        with pytest.raises(Unreadable):
            reading(request)


def test_acknowledgement_is_what_the_settings_say() -> None:
    ack = {"status": 202, "body": "ACK/Jasmin", "content_type": "text/plain"}
    channel = gateway("vonage", change=lambda block: block["inbound"].update(ack=ack))
    assert {channel.render_ack(each) for each in Ack} == {AckResponse(202, "text/plain", "ACK/Jasmin")}


def answer(status: int, said: object, **headers: str) -> HttpAnswer:
    return HttpAnswer(status, headers, said.encode() if isinstance(said, str) else json.dumps(said).encode())


def test_zenziva_form() -> None:
    with HttpServer(answer(200, {"messageId": 7, "to": "0811", "status": "1", "text": "Success"})) as server:
        receipt = gateway("zenziva", url=server.url).send(MESSAGE)
    assert server.seen[0].form() == {
        "userkey": "kunci-pengguna",
        "passkey": "kunci-sandi",
        "to": "08110000001",
        "message": MESSAGE.text,
    }
    assert (receipt.external_id, receipt.segments) == ("7", 1)


@pytest.mark.parametrize(("text", "encoding"), [("Terima kasih {to}", "text"), ("Terima kasih 🙏", "unicode")])
def test_vonage_form(text: str, encoding: str) -> None:
    with HttpServer(answer(200, {"messages": [{"status": "0", "message-id": "0A"}]})) as server:
        receipt = gateway("vonage", url=server.url).send(replace(MESSAGE, text=text, id="a b"))
    form = server.seen[0].form()
    assert (form["to"], form["from"], form["text"], form["type"]) == ("628110000001", "628110000100", text, encoding)
    assert form["callback"] == f"{PUBLIC_URL}/hooks/sms_http_vonage/{SECRET}/delivery?mid=a%20b"
    assert receipt.external_id == "0A"


def test_infobip_json() -> None:
    with HttpServer(answer(200, {"messages": [{"messageId": "m", "status": {"groupName": "PENDING"}}]})) as server:
        receipt = gateway("infobip", url=server.url).send(replace(MESSAGE, text='Kata "petik" \\ 🙏'))
    assert json.loads(server.seen[0].body) == {
        "messages": [
            {
                "from": "628110000200",
                "text": 'Kata "petik" \\ 🙏',
                "notifyUrl": f"{PUBLIC_URL}/hooks/sms_http_infobip/delivery?mid=42",
                "notifyContentType": "application/json",
                "destinations": [{"to": "628110000001"}],
            }
        ]
    }
    headers = Headers(server.seen[0].headers)
    assert (headers["Authorization"], headers["Content-Type"]) == ("App kunci-infobip", "application/json")
    assert receipt.external_id == "m"


def test_by_get_and_login() -> None:
    def change(block: dict[str, Any]) -> None:
        block["outbound"] = {
            "send_to": f"{server.url}/kirim/{{to_digits}}?v=1",
            "method": "GET",
            "format": "query",
            "login": "sahut:kata:sandi",
            "body": {"pesan": "{text}"},
            "success": {"pattern": "^OK"},
        }

    with HttpServer(answer(200, "OK 12"), answer(200, "ERR 3")) as server:
        channel = gateway("zenziva", change=change)
        assert channel.send(replace(MESSAGE, text="a&b=c 🙏")).external_id == ""
        with pytest.raises(SendFailed) as failed:
            channel.send(MESSAGE)
    assert server.seen[0].method == "GET"
    assert server.seen[0].path == "/kirim/628110000001?v=1&pesan=a%26b%3Dc+%F0%9F%99%8F"
    assert Headers(server.seen[0].headers)["Authorization"] == "Basic c2FodXQ6a2F0YTpzYW5kaQ=="
    assert (failed.value.kind, failed.value.uncertain) == ("retryable", False)


VONAGE_NO = {"messages": [{"status": "1"}]}


@pytest.mark.parametrize(
    ("name", "said", "kind", "code", "uncertain"),
    [
        ("zenziva", answer(200, {"status": "5", "text": "Invalid userkey or passkey"}), "config", None, False),
        ("zenziva", answer(200, {"status": "0", "text": "Invalid Number"}), "permanent", None, False),
        ("zenziva", answer(200, {"status": "0", "text": "Sesuatu yang baru"}), "retryable", None, False),
        ("zenziva", answer(200, "<html>login</html>"), "retryable", "200", True),
        ("vonage", answer(200, VONAGE_NO, **{"Retry-After": "7"}), "throttled", "1", False),
        ("vonage", answer(200, {"messages": [{"status": "4"}]}), "config", "4", False),
        ("vonage", answer(200, {"messages": [{"status": "33"}]}), "permanent", "33", False),
        (
            "infobip",
            answer(401, {"requestError": {"serviceException": {"messageId": "UNAUTHORIZED"}}}),
            "config",
            None,
            False,
        ),
        (
            "infobip",
            answer(400, {"requestError": {"serviceException": {"messageId": "BAD_REQUEST"}}}),
            "permanent",
            None,
            False,
        ),
        ("infobip", answer(400, "?"), "permanent", "400", False),
        ("infobip", answer(404, "?"), "config", "404", False),
        ("infobip", answer(302, "?", Location="https://example.com/"), "config", "302", False),
        ("infobip", answer(429, "?"), "throttled", "429", False),
        ("infobip", answer(503, "?"), "retryable", "503", False),
        ("infobip", HttpAnswer(cut=True), "retryable", None, True),
    ],
)
def test_refusals(name: str, said: HttpAnswer, kind: str, code: str | None, uncertain: bool) -> None:
    with HttpServer(said) as server, pytest.raises(SendFailed) as failed:
        gateway(name, url=server.url).send(MESSAGE)
    assert (failed.value.kind, failed.value.uncertain) == (kind, uncertain)
    assert code is None or failed.value.code == code
    assert (failed.value.retry_after is not None) == ("Retry-After" in said.headers)
    assert len(server.seen) == 1


@pytest.mark.parametrize("to", ["BANK ABC", "", "+62811 +62812"])
def test_only_numbers_are_written_to(to: str) -> None:
    with pytest.raises(SendFailed) as failed:
        gateway("zenziva", url="http://127.0.0.1:1/").send(replace(MESSAGE, to=to))
    assert failed.value.kind == "permanent"


def _put(path: str, value: object) -> Change:
    def change(gateways: dict[str, Any]) -> None:
        *way, last = path.split(".")
        for name in way:
            gateways = gateways[name]
        if value is None:
            del gateways[last]
        else:
            gateways[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("Besar", {"numbers": []}, "gateways.Besar may hold small letters"),
        ("kosong", {"numbers": []}, "gateways.kosong has neither inbound nor outbound"),
        ("vonage.inbond", {}, "gateways.vonage.inbond is not a setting"),
        ("vonage.inbound.fields.id", None, "gateways.vonage.inbound.fields.id is missing"),
        ("vonage.inbound.fields.sender", "", "gateways.vonage.inbound.fields.sender must be a text"),
        ("vonage.inbound.fields.txt", "text", "gateways.vonage.inbound.fields.txt is not a setting"),
        ("vonage.inbound.format", "xml", "gateways.vonage.inbound.format must be one of query, form, json"),
        ("vonage.inbound.charset", "klingon", "gateways.vonage.inbound.charset is not a character set"),
        ("vonage.inbound.items", "results", "gateways.vonage.inbound.items is for JSON only"),
        ("vonage.inbound.ack", {"status": 503}, "gateways.vonage.inbound.ack.status must be 200 to 299"),
        ("vonage.inbound.ack", {"status": "ok"}, "gateways.vonage.inbound.ack.status must be a number"),
        ("vonage.proofs", None, "gateways.vonage.proofs is missing: anybody"),
        ("vonage.proofs", {"path_secrets": ["pendek"]}, "gateways.vonage.proofs.path_secrets holds a secret shorter"),
        ("vonage.proofs", {"path_secrets": ["rahasia/dengan/miring"]}, "gateways.vonage.proofs.path_secrets may hold"),
        ("vonage.proofs", {"allow": ["kantor"]}, "gateways.vonage.proofs.allow holds something"),
        ("vonage.proofs", {"logins": ["sahut"]}, "gateways.vonage.proofs.logins holds an entry"),
        ("vonage.proofs", {"header": {"name": "X"}}, "gateways.vonage.proofs.header.values is missing"),
        ("vonage.proofs", {"hmac": {"header": "X"}}, "gateways.vonage.proofs.hmac.secrets is missing"),
        ("vonage.proofs", {"path_secrets": "env:TIDAK_ADA"}, "gateways.vonage.proofs.path_secrets names the variable"),
        ("infobip.inbound.format", "query", "gateways.infobip.proofs.hmac covers the body only"),
        ("vonage.outbound.send_to", "http://sms.example.com/", "gateways.vonage.outbound.send_to must be an https"),
        ("vonage.outbound.send_to", None, "gateways.vonage.outbound.send_to is missing"),
        ("vonage.outbound.body", {"text": "{teks}"}, "gateways.vonage.outbound.body holds {teks}"),
        ("vonage.outbound.body", {"to": "{to}"}, "gateways.vonage.outbound.body holds no {text}"),
        ("vonage.outbound.body", None, "gateways.vonage.outbound.body is missing"),
        ("vonage.outbound.headers", {"X": 1}, "gateways.vonage.outbound.headers must be texts"),
        ("vonage.outbound.login", "sahut", "gateways.vonage.outbound.login must be user:password"),
        ("vonage.outbound.method", "SEND", "gateways.vonage.outbound.method must be one of"),
        ("vonage.outbound.success", {"field": "status"}, "gateways.vonage.outbound.success.field and values"),
        ("vonage.outbound.success", {"pattern": "("}, "gateways.vonage.outbound.success.pattern is not a regular"),
        ("vonage.outbound.errors.kinds", {"1": "later"}, "gateways.vonage.outbound.errors.kinds.1 must be one of"),
        ("vonage.delivery.statuses", {"done": "arrived"}, "gateways.vonage.delivery.statuses.done must be one of"),
        ("vonage.delivery.statuses", {}, "gateways.vonage.delivery.statuses is missing"),
        ("vonage.delivery.fields", {"id": "x"}, "gateways.vonage.delivery.fields.status is missing"),
        ("vonage.inbound", "form", "gateways.vonage.inbound must be a table"),
    ],
)
def test_faults_are_told_by_their_place(path: str, value: object, told: str) -> None:
    gateways = example()
    _put(path, value)(gateways)
    with pytest.raises(Misconfigured) as wrong:
        open_all(gateways)
    assert [fault for fault in wrong.value.faults if fault.startswith(f"SMS_HTTP_GATEWAYS: {told}")], wrong.value.faults
    assert not [secret for secret in SECRETS.values() if secret in str(wrong.value)]


def test_all_faults_of_all_gateways_at_once() -> None:
    gateways = example()
    for path in ("vonage.inbound.fields.id", "vonage.outbound.send_to", "infobip.proofs"):
        _put(path, None)(gateways)
    with pytest.raises(Misconfigured) as wrong:
        open_all(gateways)
    assert len(wrong.value.faults) == 3


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"SMS_HTTP_CONFIG": "/no/such/file.toml"}, "SMS_HTTP_CONFIG cannot be read"),
        ({"SMS_HTTP_GATEWAYS": "{"}, "SMS_HTTP_GATEWAYS is not what its name says"),
        ({"SMS_HTTP_GATEWAYS": "[]"}, "SMS_HTTP_GATEWAYS: gateways must be a table"),
        ({"SMS_HTTP_GATEWAYS": "{}"}, "SMS_HTTP_GATEWAYS: gateways lists nothing"),
        ({"SMS_HTTP_GATEWAYS": "{}", "SMS_HTTP_CONFIG": "x"}, "SMS_HTTP_CONFIG and SMS_HTTP_GATEWAYS exclude"),
        ({"SMS_HTTP_CONFIG": __file__}, "SMS_HTTP_CONFIG is not what its name says"),
    ],
)
def test_settings_that_cannot_be_read(environ: dict[str, str], told: str) -> None:
    with pytest.raises(Misconfigured) as wrong:
        open_channels(environ, public_url=PUBLIC_URL)
    assert wrong.value.faults[0].startswith(told)


def test_not_configured() -> None:
    assert open_channels({}, public_url=PUBLIC_URL) == ()
