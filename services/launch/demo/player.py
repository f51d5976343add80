"""People at work: every case is filed in its time, and its plan played step by step."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from services.launch.demo.desk import Desk, Refused
from services.launch.demo.opening import PEOPLE
from services.launch.demo.scenario import Case, Step

Tell = Callable[[str, str], None]
"""Says something that is in no history: the dispute's id, and what happened."""

ANSWERS: Final[Mapping[str, str]] = {
    "billing_error": "We are comparing your invoice with our records and will write as soon as we know more.",
    "unauthorised_charge": "We have stopped further charges and are looking into where this one came from.",
    "service_delivery": "We have asked the carrier where it is and will not let go until we know.",
    "communication": "I am sorry that nobody answered. I have your case now and stay with it.",
    "product_quality": "That should not happen. We are checking what we can offer you.",
    "warranty": "I have asked our workshop to look at your guarantee again.",
}
ANSWER: Final = "Thank you for telling us. I am looking into it."
TRIES_MAX: Final = 10
QUESTION: Final = "Could you send us a photograph of the receipt? The time we have stands still until then."


class Player:
    """Plays the scenario; `speed` divides every second of it."""

    def __init__(self, desk: Desk, tell: Tell, *, speed: float) -> None:
        self._desk = desk
        self._tell = tell
        self._speed = speed
        self._begun = time.monotonic()

    async def play(self, cases: Sequence[Case]) -> None:
        """Everything that people do, from the first filing to the last answer."""
        async with asyncio.TaskGroup() as group:
            for case in cases:
                group.create_task(self._case(case))

    async def _case(self, case: Case) -> None:
        await self._until(self._begun + case.at / self._speed)
        dispute_id = await self._desk.file(case)
        filed = time.monotonic()
        for step in case.steps:
            await self._until(filed + step.seconds / self._speed)
            refused = await self._do(step, case, dispute_id)
            if refused is not None:
                self._tell(dispute_id, f"{refused.code.replace('_', ' ')}: {refused.detail}")

    async def _until(self, instant: float) -> None:
        await asyncio.sleep(max(0.0, instant - time.monotonic()))

    async def _do(self, step: Step, case: Case, dispute_id: str) -> Refused | None:
        match step.verb:
            case "portal_solved" | "portal_unsolved":
                await self._desk.answer_in_portal(case, solved=step.verb == "portal_solved")
                return None
            case "confirm" | "reply" | "withdraw":
                return await self._as_customer(step.verb, dispute_id)
            case _:
                return await self._as_agent(step.verb, case, dispute_id)

    async def _as_customer(self, verb: str, dispute_id: str) -> Refused | None:
        """What the helpdesk passes on."""
        act = self._desk.act
        match verb:
            case "confirm":
                return await act(dispute_id, "feedback", by="helpdesk", solved=True, rating=5)
            case "reply":
                words = "Here is the photograph of the receipt."
                return await act(dispute_id, "messages", by="helpdesk", direction="in", channel="email", body=words)
            case _:
                return await act(dispute_id, "withdraw", by="helpdesk", reason="It has settled itself, thank you.")

    async def _as_agent(self, verb: str, case: Case, dispute_id: str) -> Refused | None:
        """What the person does whose tier has the dispute."""
        act = self._desk.act
        by = PEOPLE[0] if verb == "overreach" else await self._holder(dispute_id)
        match verb:
            case "answer":
                words = ANSWERS.get(case.about, ANSWER)
                return await act(dispute_id, "messages", by=by, direction="out", channel="email", body=words)
            case "wait":
                asked = {"for": "customer", "reason": "The receipt is missing.", "message": QUESTION}
                return await act(dispute_id, "wait", by=by, **asked)
            case "ask_higher":
                return await act(dispute_id, "escalate", by=by, reason="Somebody above me should see this.")
            case "reject":
                words = "We looked into it with care and found no fault on our side. If you disagree, tell us why."
                return await act(dispute_id, "resolve", by=by, outcome="not_upheld", explanation=words)
            case "overreach":
                return await self._give(case, dispute_id, by)
            case _:
                return await self._resolve(case, dispute_id)

    async def _resolve(self, case: Case, dispute_id: str) -> Refused | None:
        """The holder decides; where the tier is still too low, once it has climbed."""
        refused = await self._give(case, dispute_id, await self._holder(dispute_id))
        for _ in range(TRIES_MAX):
            if refused is None or refused.code != "authority_exceeded":
                break
            await asyncio.sleep(1 / self._speed)
            refused = await self._give(case, dispute_id, await self._holder(dispute_id))
        return refused

    async def _give(self, case: Case, dispute_id: str, by: str) -> Refused | None:
        remedy = {"remedy": "apology"} if case.offer is None else {"remedy": "refund", "amount": case.offer}
        words = "You were right, and we are sorry. We have put it right as written below."
        return await self._desk.act(dispute_id, "resolve", by=by, outcome="upheld", explanation=words, **remedy)

    async def _holder(self, dispute_id: str) -> str:
        tier = (await self._desk.get(f"/v1/disputes/{dispute_id}"))["tier"] or 1
        return PEOPLE[tier - 1]
