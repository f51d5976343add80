"""A log line is one JSON object, follows a dispute and a trace, and identifies no person."""

import contextvars
import io
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from shared.runtime import logs, traces
from shared.runtime.redaction import MASK, is_private, scrub

ROOT = Path(__file__).parents[2]


class Lines:
    def __init__(self) -> None:
        self.stream = io.BytesIO()

    def all(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.stream.getvalue().splitlines()]

    def last(self) -> dict[str, Any]:
        return self.all()[-1]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = Lines()
    logs.configure("info", "json", stream=written.stream)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_names_the_event_its_facts_its_place_and_its_time(lines: Lines) -> None:
    logs.logger("sweep").info("timer_fired", kind="next_update", lateness_seconds=0.04)
    line = lines.last()
    assert line | {"event": "timer_fired", "kind": "next_update", "lateness_seconds": 0.04, "module": "sweep"} == line
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


def test_a_line_follows_the_dispute_the_trace_and_the_request(lines: Lines) -> None:
    def work() -> str | None:
        logs.bind(dispute_id="d-1", request_id="r-1")
        with traces.span_from(None, "handle", "consumer"):
            logs.logger("x").info("anything")
            logging.getLogger("library").warning("also here")
            return traces.current_trace_id()

    trace_id = contextvars.copy_context().run(work)
    assert len(lines.all()) == 2
    for line in lines.all():
        assert (line["dispute_id"], line["trace_id"], line["request_id"]) == ("d-1", trace_id, "r-1")


def test_facts_bound_for_a_block_end_with_it(lines: Lines) -> None:
    log = logs.logger("x")
    with logs.bound(dispute_id="d-2", handler=None):
        log.info("inside")
    log.info("outside")
    inside, outside = lines.all()
    assert inside["dispute_id"] == "d-2"
    assert "handler" not in inside
    assert "dispute_id" not in outside


def test_a_severity_below_the_least_is_not_written(lines: Lines) -> None:
    logs.logger("x").debug("quiet")
    logging.getLogger("sqlalchemy.engine").info("SELECT 1")
    assert lines.all() == []


@pytest.mark.parametrize(
    "key",
    [
        "email", "customer_email", "name", "customer_name", "first_name", "phone", "subject", "description", "body",
        "text", "token", "authorization", "Authorization", "api-secret", "password", "raw_body", "query_string",
    ],
)  # fmt: skip
def test_a_private_key_is_masked_at_any_depth(lines: Lines, key: str) -> None:
    logs.logger("x").info("event", **{key: "Ada Jones"}, nested={"deep": [{key: "Ada Jones"}]})
    assert "Ada" not in lines.stream.getvalue().decode()
    assert lines.last()[key] == MASK


@pytest.mark.parametrize("key", ["body_bytes", "token_id", "task_name", "queue_name", "kind", "text_length", "route"])
def test_a_measure_or_a_thing_is_not_masked(key: str) -> None:
    assert not is_private(key)


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("mail to ada.jones+x@example.co.uk failed", "ada.jones"),
        ("calling +44 20 7946 0958", "7946"),
        ("card 4111 1111 1111 1111", "1111"),
        ("amqp://guest:hunter2@host/vhost refused", "hunter2"),
        ("GET https://host/portal?token=hunter2", "hunter2"),
        ("header Bearer abcdef123456", "abcdef123456"),
        ("duplicate key\nDETAIL:  Key (email)=(ada)", "ada"),
        ("[SQL: insert ...]\n[parameters: ('Ada',)]", "Ada"),
        ("type=string, input_value='Ada Jones', input_type=str", "Ada"),
    ],
)
def test_private_patterns_inside_a_text_are_cut_out(text: str, private: str) -> None:
    assert private not in scrub(text)


@pytest.mark.parametrize(
    "text", ["2026-05-04T09:00:00+00:00", "0190b0a8-7f6e-7cc1-8a3b-1234567890ab", "D-2026-000123", "took 12.5 s"]
)
def test_times_ids_and_references_stay_readable(text: str) -> None:
    assert scrub(text) == text


def test_a_url_loses_its_query(lines: Lines) -> None:
    logs.logger("x").info("event", path="/v1/disputes?q=Ada")
    assert lines.last()["path"] == "/v1/disputes"


def test_an_error_tells_its_way_but_no_local_value(lines: Lines) -> None:
    def fails(customer: str) -> None:
        raise ValueError("the row of ada@example.org is gone")

    try:
        fails("Ada Jones")
    except ValueError:
        logs.logger("x").exception("failed")
    [trace] = lines.last()["traceback"]
    assert trace["class"] == "ValueError"
    assert trace["says"] == f"the row of {MASK} is gone"
    assert trace["frames"][-1].endswith("in fails")
    assert "Ada" not in lines.stream.getvalue().decode()


def test_an_error_group_tells_every_member(lines: Lines) -> None:
    group = ExceptionGroup("two", [ValueError("a"), KeyError("b")])
    logs.logger("x").error("failed", exc_info=group)
    [trace] = lines.last()["traceback"]
    assert [member[0]["class"] for member in trace["group"]] == ["ValueError", "KeyError"]


def test_a_library_speaks_through_the_same_renderer(lines: Lines) -> None:
    logging.getLogger("aio_pika").warning("lost %s", "amqp://u:hunter2@host")
    broken = logging.LogRecord("broken", logging.WARNING, "", 0, "two %s %s", ("one",), None)
    logging.getLogger().handlers[0].handle(broken)
    assert lines.all()[0]["event"] == f"lost amqp://{MASK}@host"
    assert lines.all()[0]["module"] == "aio_pika"
    assert lines.all()[1]["level"] == "warning"


def test_a_warning_becomes_a_line(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("old habit", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert lines.last()["module"] == "py.warnings"


def test_a_value_of_unknown_class_is_named_by_its_class_only(lines: Lines) -> None:
    class Customer:
        def __repr__(self) -> str:
            return "Ada Jones"

    logs.logger("x").info("event", thing=Customer(), raw=b"Ada")
    assert lines.last()["thing"] == "<Customer>"
    assert lines.last()["raw"] == MASK


def test_the_console_format_is_text_for_people_and_as_discreet() -> None:
    program = (
        "from shared.runtime import logs; logs.configure('info', 'console');"
        "logs.logger('x').info('timer_fired', email='ada@example.org', kind='update')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True, env=dict(os.environ)
    )
    assert "timer_fired" in done.stdout
    assert "kind=update" in done.stdout
    assert "ada" not in done.stdout
