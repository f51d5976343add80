"""The OpenAPI document, and the application held against it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema_rs import Draft202012Validator
from schemathesis import GenerationMode

from services.intake.main import create_app
from shared.db.engine import Database
from shared.db.keys import SCOPES
from tests.services.intake.counter import Counter, a_counter

EXAMPLES_PER_MODE = 5
SECONDS_MAX = 60.0


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


@pytest.fixture
async def document(counter: Counter) -> Any:
    return create_app(counter.parts).openapi()


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [(path, method, each) for path, item in document["paths"].items() for method, each in item.items()]


async def test_it_is_openapi_3_1_and_every_operation_has_a_name_a_tag_and_words(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    found = operations(document)
    names = [each["operationId"] for _, _, each in found]
    assert len(set(names)) == len(names)
    assert {"fileDispute", "fileDisputes", "getDispute", "listDisputes", "correctDispute", "getHistory"} <= set(names)
    for path, method, each in found:
        assert each["tags"], (method, path)
        assert each["summary"], (method, path)
        assert each["description"], (method, path)


async def test_every_operation_behind_a_key_names_the_scopes_of_which_one_will_do(document: Any) -> None:
    found = {each["operationId"]: each for _, _, each in operations(document)}
    for name, each in found.items():
        assert each.get("security") or name == "receiveWebhook", name
        for way in each.get("security", ()):
            assert way["apiKey"], name
            assert set(way["apiKey"]) <= set(SCOPES), name
    assert found["fileDispute"]["security"] == [{"apiKey": ["disputes:write"]}]
    assert found["resolveDispute"]["security"] == [{"apiKey": ["cases:work"]}]
    assert found["listClusters"]["security"] == [{"apiKey": ["ops:read"]}, {"apiKey": ["cases:work"]}]


async def test_schemas_are_called_as_a_reader_would_call_them(document: Any) -> None:
    odd = [name for name in document["components"]["schemas"] if "_" in name]
    assert odd == []


async def test_every_body_has_an_example_that_its_schema_takes(document: Any) -> None:
    schemas = document["components"]["schemas"]
    for _, _, each in operations(document):
        body = each.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "schema" in body:
            assert "example" in body or examples_of(body["schema"], schemas), each["operationId"]
            (example,) = [body["example"]] if "example" in body else examples_of(body["schema"], schemas)
            Draft202012Validator({**body["schema"], "components": {"schemas": schemas}}).validate(example)


def examples_of(schema: Any, schemas: Any) -> list[Any]:
    """The examples of a model, which the body may be without."""
    models = [each["$ref"].rpartition("/")[2] for each in (schema, *schema.get("anyOf", ())) if "$ref" in each]
    return [example for model in models for example in schemas[model].get("examples", ())]


async def test_every_refusal_is_a_documented_problem(document: Any) -> None:
    for path, method, each in operations(document):
        statuses = {int(status) for status in each["responses"]}
        assert statuses & set(range(200, 300)), (method, path)
        assert {400, 500, 503} <= statuses, (method, path)
        if each.get("security"):
            assert {401, 403, 429} <= statuses, (method, path)
        for status, response in each["responses"].items():
            if int(status) >= 400:
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_every_schema_is_sound_and_every_reference_leads_somewhere(document: Any) -> None:
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        Draft202012Validator({"$id": f"urn:{name}", **schema, "components": {"schemas": schemas}})

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                assert reference.rpartition("/")[2] in schemas, reference
            for each in node.values():
                walk(each)
        elif isinstance(node, list):
            for each in node:
                walk(each)

    walk(document)


async def test_the_example_of_filing_can_be_filed(counter: Counter, document: Any) -> None:
    (example,) = document["components"]["schemas"]["DisputeIn"]["examples"]
    reply = await counter.client.post("/v1/disputes", json=example)
    assert reply.status_code == 201
    schemas = document["components"]["schemas"]
    validator = Draft202012Validator({**schemas["FiledOut"], "components": {"schemas": schemas}})
    validator.validate(reply.json())
    read = (await counter.client.get(reply.headers["location"])).json()
    Draft202012Validator({**schemas["DisputeOut"], "components": {"schemas": schemas}}).validate(read)
    page = (await counter.client.get("/v1/disputes")).json()
    Draft202012Validator({**schemas["DisputePageOut"], "components": {"schemas": schemas}}).validate(page)
    told = (await counter.client.get(read["links"]["history"])).json()
    Draft202012Validator({**schemas["HistoryOut"], "components": {"schemas": schemas}}).validate(told)


async def test_it_is_served_without_a_key(counter: Counter) -> None:
    reply = await counter.client.get("/openapi.json", headers={"authorization": ""})
    assert reply.status_code == 200
    assert reply.json()["info"]["title"] == "Recourse"


def thought_of(operation: Any, mode: GenerationMode) -> list[requests.PreparedRequest]:
    """Requests that schemathesis thinks of for an operation: sound ones, or ones that break its schema somewhere."""
    cases: list[requests.PreparedRequest] = []

    @settings(
        max_examples=EXAMPLES_PER_MODE,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        cases.append(requests.Request(**case.as_transport_kwargs(base_url="http://counter.test")).prepare())

    with contextlib.suppress(Unsatisfiable):  # some operations have nothing that could be broken
        collect()
    return cases


async def send(counter: Counter, made: requests.PreparedRequest) -> None:
    dropped = {"authorization", "content-length"}
    headers = {str(name): value for name, value in made.headers.items() if name.lower() not in dropped}
    body = made.body or b""
    assert made.url is not None
    assert isinstance(body, str | bytes)
    reply = await counter.client.request(made.method or "", made.url, content=body, headers=cast(Any, headers))
    assert reply.status_code < 500, (made.method, made.url, made.body, reply.text)
    if reply.status_code >= 400:
        told = reply.json()
        assert reply.headers["content-type"] == "application/problem+json"
        assert told["code"]
        assert told["status"] == reply.status_code


@pytest.mark.timeout(180)
async def test_nothing_that_schemathesis_thinks_of_is_answered_with_a_fault_of_ours(counter: Counter) -> None:
    """Generated requests, sound and unsound, to every operation: never a 5xx, and every refusal is a problem."""
    schema = schemathesis.openapi.from_dict(create_app(counter.parts).openapi())
    ends = time.monotonic() + SECONDS_MAX
    sent = 0
    for result in schema.get_all_operations():
        operation = cast(Any, result).ok()
        for mode in GenerationMode:
            for made in await asyncio.to_thread(thought_of, operation, mode):
                if time.monotonic() < ends:
                    await send(counter, made)
                    sent += 1
    assert sent > 100
