"""Deliveries are authentic exactly where the senders' own libraries say so, and nothing in a request can raise."""

import base64
import hmac
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from slack_sdk.signature import Clock, SignatureVerifier
from standardwebhooks.webhooks import Webhook

from services.intake.inbound.ports import Arrived, Incoming, Sender, Unreadable, Unwanted
from services.intake.inbound.senders import SENDERS
from tests.samples import sample

SECRETS = {
    "slack": "8f742231b10e8888abcd99yyyzzz85a5",
    "generic": "whsec_" + base64.b64encode(bytes(range(32))).decode(),
    "postmark": "recourse:a long password of ours",
    "mime": "a-bearer-secret-of-forty-or-so-characters",
}
BODIES = {
    "slack": sample("slack/message.json"),
    "generic": sample("generic/message.json"),
    "postmark": sample("postmark/complaint.json"),
    "mime": sample("mail/complaint.eml"),
}
# The library for Standard Webhooks asks the machine for the time, so these tests sign for the machine's time.
NOW = datetime.fromtimestamp(time.time_ns() // 1_000_000_000, UTC)
SIGNING = [name for name, sender in SENDERS.items() if sender.signs_body]
text_headers = st.text(st.characters(max_codepoint=255), max_size=60)
any_bytes = st.binary(max_size=200)


def headers_of(name: str, body: bytes, *, at: datetime = NOW, secret: str | None = None) -> dict[str, str]:
    """An authentic delivery's headers."""
    secret = secret or SECRETS[name]
    when = str(int(at.timestamp()))
    if name == "slack":
        seal = hmac.digest(secret.encode(), b"v0:" + when.encode() + b":" + body, "sha256").hex()
        return {"x-slack-request-timestamp": when, "x-slack-signature": f"v0={seal}"}
    if name == "generic":
        key = base64.b64decode(secret.removeprefix("whsec_"))
        seal = base64.b64encode(hmac.digest(key, b"msg_1." + when.encode() + b"." + body, "sha256")).decode()
        return {"webhook-id": "msg_1", "webhook-timestamp": when, "webhook-signature": f"v1,{seal}"}
    if name == "postmark":
        return {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
    return {"authorization": f"Bearer {secret}"}


def accepted(name: str, headers: Mapping[str, str], body: bytes, *secrets: str, now: datetime = NOW) -> bool:
    return SENDERS[name].verify(Arrived(headers, body), secrets or (SECRETS[name],), now).authentic


class Fixed(Clock):
    def now(self) -> float:
        return NOW.timestamp()


def slack_oracle(headers: Mapping[str, str], body: bytes) -> bool:
    verifier = SignatureVerifier(SECRETS["slack"], Fixed())
    return bool(verifier.is_valid_request(body, dict(headers)))


def generic_oracle(headers: Mapping[str, str], body: bytes) -> bool:
    Webhook(SECRETS["generic"]).verify(body, dict(headers))
    return True


ORACLES: Mapping[str, Callable[[Mapping[str, str], bytes], bool]] = {"slack": slack_oracle, "generic": generic_oracle}


def oracle_accepts(name: str, headers: Mapping[str, str], body: bytes) -> bool:
    """What the sender's own library says; where it raises, it has not accepted."""
    try:
        return ORACLES[name](headers, body)
    except Exception:  # noqa: BLE001 - these libraries raise many things on hostile input
        return False


@pytest.mark.parametrize("name", SENDERS)
def test_an_authentic_delivery_is_accepted(name: str) -> None:
    assert accepted(name, headers_of(name, BODIES[name]), BODIES[name])


@pytest.mark.parametrize("name", ORACLES)
def test_the_senders_own_library_accepts_what_we_sign_for_the_tests(name: str) -> None:
    assert oracle_accepts(name, headers_of(name, BODIES[name]), BODIES[name])


@pytest.mark.parametrize("name", SIGNING)
def test_any_changed_byte_of_a_signed_body_is_refused(name: str) -> None:
    body = BODIES[name]
    headers = headers_of(name, body)
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert not accepted(name, headers, changed)
    assert not accepted(name, headers, body + b" ")
    assert not accepted(name, headers, body[:-1])


@pytest.mark.parametrize("name", SENDERS)
def test_any_changed_character_of_a_signed_header_is_refused(name: str) -> None:
    headers = headers_of(name, BODIES[name])
    for header, value in headers.items():
        for place in range(len(value)):
            changed = value[:place] + chr(ord(value[place]) ^ 2) + value[place + 1 :]
            told = {**headers, header: changed}
            if accepted(name, told, BODIES[name]):
                assert name in ("postmark", "mime")
                assert changed.lower().split(" ")[0] == value.lower().split(" ")[0]
                assert base64.b64decode(changed.split(" ")[1]) == base64.b64decode(value.split(" ")[1])


@pytest.mark.parametrize("name", SENDERS)
def test_another_secret_is_refused_and_either_of_two_is_accepted(name: str) -> None:
    headers = headers_of(name, BODIES[name])
    other = {"generic": "whsec_" + base64.b64encode(bytes(32)).decode()}.get(name, "another:secret-of-some-length")
    assert not accepted(name, headers, BODIES[name], other)
    assert accepted(name, headers, BODIES[name], other, SECRETS[name])
    assert accepted(name, headers, BODIES[name], SECRETS[name], other)


@pytest.mark.parametrize("name", SIGNING)
@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_a_delivery_signed_too_long_ago_or_ahead_is_refused(name: str, seconds: int) -> None:
    headers = headers_of(name, BODIES[name], at=NOW + timedelta(seconds=seconds))
    assert not accepted(name, headers, BODIES[name])


@pytest.mark.parametrize("name", SIGNING)
@pytest.mark.parametrize("seconds", [-299, 299])
def test_clocks_may_differ_by_five_minutes(name: str, seconds: int) -> None:
    headers = headers_of(name, BODIES[name], at=NOW + timedelta(seconds=seconds))
    assert accepted(name, headers, BODIES[name])


@pytest.mark.parametrize("name", ORACLES)
@given(body=st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3).map(orjson.dumps), seed=st.data())
def test_whatever_we_accept_the_senders_own_library_accepts(name: str, body: bytes, seed: st.DataObject) -> None:
    sound = headers_of(name, body)
    told = {header: seed.draw(st.one_of(st.just(value), text_headers), label=header) for header, value in sound.items()}
    if accepted(name, told, body):
        assert oracle_accepts(name, told, body)


@given(
    body=any_bytes, extra=st.lists(st.sampled_from(["v1,AAAA", "v1a,AAAA", "v2,", "", "v1", ",", "v1,,"]), max_size=5)
)
def test_one_good_signature_among_others_is_enough(body: bytes, extra: list[str]) -> None:
    headers = headers_of("generic", body)
    given_signatures = " ".join([*extra, headers["webhook-signature"]])
    assert accepted("generic", {**headers, "webhook-signature": given_signatures}, body)


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS.keys())
@given(
    headers=st.dictionaries(
        st.sampled_from([
            "authorization", "x-slack-signature", "x-slack-request-timestamp", "webhook-id", "webhook-timestamp",
            "webhook-signature", "x-envelope-from", "x-envelope-to", "content-type",
        ]),
        st.one_of(text_headers, text_headers.map("Basic {}".format), text_headers.map("Bearer {}".format)),
    ),
    body=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))),
)  # fmt: skip
@example(headers={"authorization": "Basic =", "x-slack-request-timestamp": "\u00b2"}, body=b'"\\ud800"')
@example(headers={"x-slack-request-timestamp": "9" * 12, "webhook-timestamp": "-1"}, body=b"[" * 3000)
@example(headers={}, body=b'{"type":"event_callback","event":{"type":"message","ts":1,"channel":{},"user":[]}}')
def test_no_header_and_no_body_can_raise(sender: Sender, headers: dict[str, str], body: bytes) -> None:
    arrived = Arrived(headers, body)
    assert not sender.verify(arrived, [SECRETS[sender.name]], NOW).authentic
    sender.handshake(arrived)
    assert 0 < len(sender.dedup_key(arrived)) <= 100
    assert isinstance(sender.read(arrived, {}), Incoming | Unwanted | Unreadable)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@pytest.mark.parametrize("name", ["slack", "postmark", "generic"])
@given(seed=st.data())
def test_a_field_of_any_other_type_is_read_without_raising(name: str, seed: st.DataObject) -> None:
    body = orjson.loads(BODIES[name])
    target = body["event"] if name == "slack" and seed.draw(st.booleans()) else body
    field = seed.draw(st.sampled_from(sorted(target)))
    target[field] = seed.draw(json_values)
    try:
        raw = orjson.dumps(body)
    except TypeError:
        assume(False)
    arrived = Arrived({}, raw)
    SENDERS[name].dedup_key(arrived)
    assert isinstance(SENDERS[name].read(arrived, {}), Incoming | Unwanted | Unreadable)
