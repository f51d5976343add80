"""Health for orchestrators: alive, ready, started; probes are answered from results at most a second old."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.runtime.metrics import Metrics
from shared.runtime.pulse import Watchdog
from shared.runtime.stop import cancelled_by_us

MEDIA_TYPE: Final = "application/health+json"  # draft-inadarei-api-health-check-06
_FAILURE_KEEP_SECONDS: Final = 0.1  # a start or a recovery is seen soon
_ABANDON_AFTER_TIMEOUTS: Final = 10

Check = Callable[[], Awaitable[str | None]]


class CheckFailedError(Exception):
    """A check did not pass; its text is shown to whoever asks, so it names no address and no secret."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one check said."""

    passed: bool
    output: str | None
    took_ms: float


class _Probe:
    """One check with its time limit, its last result and at most one run under way."""

    def __init__(self, check: Check, *, timeout_seconds: float, keep_seconds: float) -> None:
        self._check = check
        self._timeout = timeout_seconds
        self._keep = keep_seconds
        self._kept: Result | None = None
        self._kept_at = 0.0
        self._running: asyncio.Task[Result] | None = None
        self._began = 0.0

    async def result(self) -> Result:
        kept = self._kept
        if kept is not None and time.monotonic() - self._kept_at < self._keep_for(kept):
            return kept
        if self._running is None:
            self._began = time.monotonic()
            self._running = asyncio.create_task(self._run())
        # The check is waited for, not cancelled: a cancelled query can leave its connection holding locks.
        running = self._running
        await asyncio.wait({running}, timeout=self._timeout)
        if not running.done():
            self._abandon_when_hopeless()
            return self._keeping(Result(passed=False, output="timed out", took_ms=self._age_ms()))
        self._running = None
        return self._keeping(running.result())

    def _keep_for(self, result: Result) -> float:
        return self._keep if result.passed else min(self._keep, _FAILURE_KEEP_SECONDS)

    def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            self._running = None

    def _abandon_when_hopeless(self) -> None:
        if time.monotonic() - self._began > self._timeout * _ABANDON_AFTER_TIMEOUTS:
            self.close()

    def _keeping(self, result: Result) -> Result:
        self._kept, self._kept_at = result, time.monotonic()
        return result

    async def _run(self) -> Result:
        try:
            return Result(passed=True, output=await self._check(), took_ms=self._age_ms())
        except CheckFailedError as error:
            return Result(passed=False, output=str(error), took_ms=self._age_ms())
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and cancelled_by_us():
                raise
            # A driver's text may hold an address or a password: its class says enough here.
            return Result(passed=False, output=type(error).__name__, took_ms=self._age_ms())

    def _age_ms(self) -> float:
        return round((time.monotonic() - self._began) * 1000, 2)


class Health:
    """What this process knows of its own fitness."""

    def __init__(self, *, watchdog: Watchdog | None = None) -> None:
        self.started = False
        self.draining = False
        self.watchdog = watchdog
        self._probes: Final[dict[str, _Probe]] = {}

    def add(self, name: str, check: Check, *, timeout_seconds: float = 1.0, keep_seconds: float = 1.0) -> None:
        """Makes readiness depend on `check`: it passes by returning (a word to show, or None) and fails by raising.

        It runs at most once at a time and once per `keep_seconds` (0.1 s after a failure), and counts as failed after `timeout_seconds`.
        """
        self._probes[name] = _Probe(check, timeout_seconds=timeout_seconds, keep_seconds=keep_seconds)

    def drain(self) -> None:
        """Fails readiness from now on: the process is leaving."""
        self.draining = True

    async def ready(self, *, exclude: Collection[str] = ()) -> tuple[bool, dict[str, Any]]:
        """Whether traffic is welcome, with the health document; the checks named in `exclude` are not asked."""
        names = [name for name in self._probes if name not in exclude]
        results = await asyncio.gather(*(self._probes[name].result() for name in names))
        checks = {name: [_told(result)] for name, result in zip(names, results, strict=True)}
        for name, well in (("started", self.started), ("not_draining", not self.draining)):
            checks[name] = [{"status": _status(well)}]
        passed = self.started and not self.draining and all(result.passed for result in results)
        return passed, {"status": _status(passed), "checks": checks}

    def alive(self) -> tuple[bool, dict[str, Any]]:
        """Whether the process makes progress; asks nothing outside it."""
        stuck = self.watchdog.stuck if self.watchdog is not None else ()
        return not stuck, {"status": _status(not stuck), **({"output": f"stuck: {', '.join(stuck)}"} if stuck else {})}

    def close(self) -> None:
        """Ends checks that are still under way."""
        for probe in self._probes.values():
            probe.close()


def health_routes(health: Health, metrics: Metrics) -> list[Route]:
    """`/livez`, `/readyz?exclude=name`, `/startupz` and `/metrics`, for mounting beside an API."""

    async def livez(_: Request) -> Response:
        return _reply(*health.alive())

    async def readyz(request: Request) -> Response:
        exclude = {name for each in request.query_params.getlist("exclude") for name in each.split(",")}
        return _reply(*await health.ready(exclude=exclude))

    async def startupz(_: Request) -> Response:
        return _reply(health.started, {"status": _status(health.started)})

    async def exposition(_: Request) -> Response:
        if health.watchdog is not None:
            metrics.event_loop_lag_seconds.set(health.watchdog.lag_seconds)
        body, media_type = metrics.render()
        return Response(body, headers={"content-type": media_type, "cache-control": "no-store"})

    doors = {"/livez": livez, "/readyz": readyz, "/startupz": startupz, "/metrics": exposition}
    return [Route(path, door, include_in_schema=False) for path, door in doors.items()]


def operations_app(health: Health, metrics: Metrics) -> Starlette:
    """The whole HTTP face of a service that has no API: health and metrics."""
    return Starlette(routes=list(health_routes(health, metrics)))


def _reply(passed: bool, document: dict[str, Any]) -> Response:  # noqa: FBT001 - always beside its document
    headers = {"content-type": MEDIA_TYPE, "cache-control": "no-store"}
    return Response(orjson.dumps(document), status_code=200 if passed else 503, headers=headers)


def _told(result: Result) -> dict[str, Any]:
    told = {"status": _status(result.passed), "observedValue": result.took_ms, "observedUnit": "ms"}
    return told if result.output is None else {**told, "output": result.output}


def _status(passed: bool) -> str:  # noqa: FBT001 - a word for a truth value
    return "pass" if passed else "fail"
