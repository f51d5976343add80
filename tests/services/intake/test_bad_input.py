"""Whatever comes in, the answer is a clear problem that names the place; nothing is half stored and no log names a person."""

import io
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import structlog

from shared.db.engine import Database
from shared.runtime import logs
from tests.services.intake.counter import Counter, a_complaint, a_counter

PRIVATE = ("Ada", "Jones", "ada@example.org", "Charged twice", "nobody answers", "7946")


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


@pytest.fixture
def written() -> Iterator[io.BytesIO]:
    """What is logged, at the most talkative level."""
    stream = io.BytesIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure("debug", stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


async def send(counter: Counter, content: bytes, media_type: str | None = "application/json") -> httpx.Response:
    headers = {} if media_type is None else {"content-type": media_type}
    return await counter.client.post("/v1/disputes", content=content, headers=headers)


def problem(reply: httpx.Response, status: int, code: str) -> Any:
    """The problem that a reply tells, which must be of this kind and whole."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    told = reply.json()
    assert told["code"] == code
    assert told["status"] == status
    assert told["type"] == f"/problems/{code.replace('_', '-')}"
    assert told["instance"] == "/v1/disputes"
    assert told["title"]
    assert told["detail"]
    assert len(told["trace_id"]) == 32
    return told


BODY = orjson.dumps(a_complaint())
BAD_BYTES = {
    "empty": b"",
    "blank": b"  \n",
    "truncated": BODY[:-20],
    "a word": b"hello",
    "zero bytes": BODY.replace(b"Charged", b"Cha\x00rged"),
    "an escaped zero": BODY.replace(b"Charged", b"Cha\\u0000rged"),
    "half a surrogate pair": BODY.replace(b"Charged", b"Cha\\ud800rged"),
    "the other half": BODY.replace(b"Charged", b"Cha\\uDFFFrged"),
    "half a pair in a name": BODY.replace(b'"subject"', b'"\\ud800":1,"subject"'),
    "latin-1": BODY.replace(b"Charged", "Chargé".encode("latin-1")),
    "utf-16": BODY.decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + BODY,
    "100,000 levels of lists": b'{"customer":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 levels of objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "100,000 levels never closed": b"[" * 100_000,
    "a name twice": BODY.replace(b'"subject"', b'"subject":"first","subject"'),
    "a name twice within": BODY.replace(b'"email"', b'"email":"bo@example.org","email"'),
    "NaN": BODY.replace(b'"49.90"', b"NaN"),
    "Infinity": BODY.replace(b'"49.90"', b"-Infinity"),
    "a float beyond all floats": BODY.replace(b'"49.90"', b"1e999"),
    "an integer of 100,000 digits": BODY.replace(b'"49.90"', b"9" * 100_000),
    "two documents": BODY + BODY,
    "a trailing comma": BODY[:-1] + b",}",
    "a comment": BODY[:-1] + b"/* hello */}",
    "single quotes": b"{'subject': 'x'}",
}


@pytest.mark.parametrize("name", BAD_BYTES)
async def test_bytes_that_are_no_strict_json_are_malformed(counter: Counter, name: str) -> None:
    told = problem(await send(counter, BAD_BYTES[name]), 400, "malformed_json")
    assert len(told["detail"]) < 300
    assert await counter.count() == 0


async def test_a_zero_character_names_its_field(counter: Counter) -> None:
    told = problem(await send(counter, BAD_BYTES["an escaped zero"]), 400, "malformed_json")
    assert told["errors"][0]["pointer"] == "/subject"


BAD_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "no customer": ({"customer": None}, "/customer"),
    "no way to reach the customer": ({"customer": {"name": "Ada"}}, "/customer"),
    "no subject": ({"subject": None}, "/subject"),
    "an empty subject": ({"subject": ""}, "/subject"),
    "a blank subject": ({"subject": "   "}, "/subject"),
    "a subject of 301 characters": ({"subject": "x" * 301}, "/subject"),
    "a subject of two lines": ({"subject": "a\nb"}, "/subject"),
    "an escape sequence in the subject": ({"subject": "a\x1b[31mb"}, "/subject"),
    "a description of 20,001 characters": ({"description": "x" * 20_001}, "/description"),
    "a bell in the description": ({"description": "ding\x07"}, "/description"),
    "a number for a text": ({"subject": 7}, "/subject"),
    "a list for a text": ({"subject": ["x"]}, "/subject"),
    "a text for an object": ({"customer": "Ada"}, "/customer"),
    "a list for an object": ({"amount": ["49.90", "EUR"]}, "/amount"),
    "an unknown field": ({"urgent": True}, "/urgent"),
    "an unknown field within": ({"customer": {"email": "a@example.org", "age": 7}}, "/customer/age"),
    "a name with a slash": ({"a/b~c": 1}, "/a~1b~0c"),
    "an unknown currency": ({"amount": {"value": "1", "currency": "XXX"}}, "/amount/currency"),
    "a currency in small letters": ({"amount": {"value": "1", "currency": "eur"}}, "/amount/currency"),
    "a negative amount": ({"amount": {"value": "-1", "currency": "EUR"}}, "/amount/value"),
    "an absurd amount": ({"amount": {"value": "9" * 19, "currency": "EUR"}}, "/amount/value"),
    "an amount finer than a cent": ({"amount": {"value": "1.001", "currency": "EUR"}}, "/amount/value"),
    "half a yen": ({"amount": {"value": "0.5", "currency": "JPY"}}, "/amount/value"),
    "an amount that is no number": ({"amount": {"value": "much", "currency": "EUR"}}, "/amount/value"),
    "an amount with an exponent": ({"amount": {"value": "1e3", "currency": "EUR"}}, "/amount/value"),
    "an amount in other digits": ({"amount": {"value": "٣", "currency": "EUR"}}, "/amount/value"),
    "an amount as a number": ({"amount": {"value": 49.9, "currency": "EUR"}}, "/amount/value"),
    "an amount without currency": ({"amount": {"value": "49.90"}}, "/amount/currency"),
    "30 February": ({"purchased_on": "2026-02-30"}, "/purchased_on"),
    "a purchase in the future": ({"purchased_on": "2199-01-01"}, "/purchased_on"),
    "a purchase before 1970": ({"purchased_on": "1969-12-31"}, "/purchased_on"),
    "the year 0": ({"purchased_on": "0000-01-01"}, "/purchased_on"),
    "a date as a number": ({"purchased_on": 1714521600}, "/purchased_on"),
    "a date in words": ({"purchased_on": "yesterday"}, "/purchased_on"),
    "no e-mail address": ({"customer": {"email": "ada at example"}}, "/customer/email"),
    "two e-mail addresses": ({"customer": {"email": "a@example.org,b@example.org"}}, "/customer/email"),
    "an address with a line break": ({"customer": {"email": "a@example.org\r\nBcc: x@y.org"}}, "/customer/email"),
    "no telephone number": ({"customer": {"phone": "call me"}}, "/customer/phone"),
    "a local number of nowhere": ({"customer": {"phone": "7946 0958"}}, "/customer/phone"),
    "no country": ({"customer": {"email": "a@example.org", "jurisdiction": "XX"}}, "/customer/jurisdiction"),
    "a country in words": (
        {"customer": {"email": "a@example.org", "jurisdiction": "England"}},
        "/customer/jurisdiction",
    ),
    "no language": ({"customer": {"email": "a@example.org", "language": "English!"}}, "/customer/language"),
    "no time zone": ({"customer": {"email": "a@example.org", "time_zone": "London"}}, "/customer/time_zone"),
    "a path for a time zone": (
        {"customer": {"email": "a@example.org", "time_zone": "../passwd"}},
        "/customer/time_zone",
    ),
    "an unknown class": (
        {"customer": {"email": "a@example.org", "customer_class": "gold"}},
        "/customer/customer_class",
    ),
    "an unknown channel": ({"channel": "pigeon"}, "/channel"),
    "an unknown remedy": ({"remedy_sought": "revenge"}, "/remedy_sought"),
    "51 pairs of metadata": ({"metadata": {f"k{n}": "v" for n in range(51)}}, "/metadata"),
    "metadata within metadata": ({"metadata": {"a": {"b": "c"}}}, "/metadata/a"),
    "a number in the metadata": ({"metadata": {"a": 1}}, "/metadata/a"),
    "a metadata value of 501 characters": ({"metadata": {"a": "x" * 501}}, "/metadata/a"),
    "21 parties": ({"parties": [{"role": "witness", "name": "W"}] * 21}, "/parties"),
    "a party without a name": ({"parties": [{"role": "witness"}]}, "/parties/0/name"),
    "null for a text": ({"description": None}, "/description"),
}


@pytest.mark.parametrize("name", BAD_FIELDS)
async def test_a_field_that_breaks_a_rule_is_named(counter: Counter, name: str) -> None:
    fields, pointer = BAD_FIELDS[name]
    body = {**a_complaint(), **fields}
    if name in ("no customer", "no subject"):
        body = a_complaint(**fields)
    told = problem(await counter.client.post("/v1/disputes", json=body), 422, "invalid_value")
    pointers = [each["pointer"] for each in told["errors"]]
    assert any(each == pointer or each.startswith(f"{pointer}/") for each in pointers), pointers
    assert all(each["detail"] for each in told["errors"])
    assert await counter.count() == await counter.count("dispute_private") == await counter.count("outbox") == 0


async def test_many_faults_are_told_at_once_and_bounded(counter: Counter) -> None:
    body = a_complaint() | {f"unknown_{n}": n for n in range(100)} | {"subject": 7}
    told = problem(await counter.client.post("/v1/disputes", json=body), 422, "invalid_value")
    assert 2 <= len(told["errors"]) <= 20


async def test_a_list_or_a_text_is_no_dispute(counter: Counter) -> None:
    for content in (b"[]", b'"x"', b"null", b"7"):
        told = problem(await send(counter, content), 422, "invalid_value")
        assert told["errors"][0]["pointer"] == ""


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/xml", "application/json; charset=latin-1"])
async def test_only_json_in_utf8_is_read(counter: Counter, media_type: str | None) -> None:
    problem(await send(counter, BODY, media_type), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=UTF-8", "application/problem+json", "Application/JSON"]
)
async def test_json_by_other_names_is_read(counter: Counter, media_type: str) -> None:
    assert (await send(counter, BODY, media_type)).status_code == 201


async def test_a_body_of_ten_megabytes_is_not_taken_in(counter: Counter) -> None:
    reply = await send(counter, b'{"subject":"' + b"x" * 10_000_000 + b'"}')
    assert reply.status_code == 413
    assert reply.headers["content-type"] == "application/problem+json"
    assert await counter.count() == 0


async def test_text_in_any_script_is_taken_in(counter: Counter) -> None:
    text = "请退款 — تم خصم المبلغ مرتين 😀 e\u0301"
    filed = await counter.file(description=text)
    assert filed.status_code == 201
    told = (await counter.client.get(filed.json()["links"]["self"])).json()
    assert told["description"] == text


async def test_escaped_pairs_and_written_out_escapes_are_taken_in(counter: Counter) -> None:
    content = BODY.replace(b"Charged twice", b"\\ud83d\\ude00 \\\\u0000")
    filed = await send(counter, content)
    assert filed.status_code == 201, filed.text


async def test_no_address_and_no_method_is_a_problem_too(counter: Counter) -> None:
    nothing = await counter.client.get("/v2/disputes")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "not_found")
    wrong = await counter.client.delete("/v1/disputes")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in wrong.headers["allow"]


async def test_no_log_line_names_a_person_whatever_comes_in(counter: Counter, written: io.BytesIO) -> None:
    for content in BAD_BYTES.values():
        await send(counter, content)
    for fields, _ in BAD_FIELDS.values():
        await counter.client.post("/v1/disputes", json={**a_complaint(), **fields})
    await counter.client.get("/v1/disputes?q=ada@example.org&limit=0")
    counter.parts.batcher._back_pressure = None  # type: ignore[assignment] # something nobody foresaw
    assert (await counter.file()).status_code == 500
    logs.logger("test").info("still_here")
    text = written.getvalue().decode()
    assert "still_here" in text
    assert "request_noticed" in text
    for private in PRIVATE:
        assert private not in text


@pytest.mark.parametrize("path", ["/v1/taxonomy", "/v1/disputes", f"/v1/disputes/{UUID(int=7)}/history", "/v1/keys"])
async def test_a_parameter_that_is_not_known_is_named_and_not_passed_over(counter: Counter, path: str) -> None:
    reply = await counter.client.get(path, params={"verifiy": "true"})
    assert reply.status_code == 422
    assert reply.json()["errors"] == [{"parameter": "verifiy", "detail": "This parameter is not known here."}]


@pytest.mark.parametrize("path", ["/v1/disputes", "/v1/disputes/batch"])
async def test_filing_passes_over_no_parameter_either_and_files_nothing(counter: Counter, path: str) -> None:
    body = a_complaint() if path == "/v1/disputes" else {"disputes": [a_complaint()]}
    reply = await counter.client.post(path, params={"dry_run": "true"}, json=body)
    assert reply.status_code == 422
    assert reply.json()["errors"] == [{"parameter": "dry_run", "detail": "This parameter is not known here."}]
    assert await counter.count() == 0


async def test_a_word_that_is_none_of_a_list_is_answered_with_the_words_and_nothing_of_our_code(
    counter: Counter,
) -> None:
    filed = (await counter.file()).json()
    reply = await counter.client.post(f"{filed['links']['self']}/move", json={"trigger": "fly"})
    assert reply.status_code == 422
    assert "'triage', 'forward'" in reply.json()["detail"]
    assert "<" not in reply.text


async def test_a_form_is_no_json_on_any_route(counter: Counter) -> None:
    filed = (await counter.file()).json()
    for path in ("/v1/disputes", f"{filed['links']['self']}/messages", "/v1/keys"):
        assert (await counter.client.post(path, data={"a": "1"})).status_code == 415
