"""A dry run knows what a migration would know: breach risk, what people have in hand, and the clocks of regimes."""

from datetime import timedelta
from typing import Any

from shared.db import policies, risk
from shared.db.dry_run import Bounds, DryRun, Proposal, dry_run
from shared.policy.regime_policy import regimes_body
from tests.domain.matrices import CALENDARS, a_matrix, a_tier, clocks
from tests.services.escalation.room import AUTHOR, Room

QUIET = clocks(
    resolution={"duration": "240 hours", "calendar": "always", "pausable": True, "on_breach": "tell"},
    next_update=None,
    acknowledgement=None,
    first_response=None,
)
SLOW = [a_tier("Agent", "900 hours"), a_tier("Lead", "900 hours")]
LIKELY = [{"name": "likely", "when": "breach_risk >= 0.5", "to_tier": 2, "because": "it is likely to be late"}]


async def tried(room: Room, **parts: Any) -> DryRun:
    proposed = a_matrix(9, **({"tiers": SLOW, "thresholds": [], "clocks": QUIET} | parts))
    return await dry_run(room.database, room.matrices, CALENDARS, Proposal(proposed), Bounds(1000))


async def test_a_threshold_on_risk_is_judged_by_the_prior_where_nothing_is_stored(room: Room) -> None:
    await room.put_policy(tiers=SLOW, thresholds=[], clocks=QUIET)
    await room.taken_up(2)
    assert (await tried(room, thresholds=LIKELY)).foresight.escalated == 0
    room.ahead += timedelta(hours=230)
    assert (await tried(room, thresholds=LIKELY)).foresight.escalated == 2


async def test_a_threshold_on_risk_is_judged_by_the_stored_figure_where_there_is_one(room: Room) -> None:
    await room.put_policy(tiers=SLOW, thresholds=[], clocks=QUIET)
    one, _ = await room.taken_up(2)
    async with room.database.transaction() as tx:
        await risk.keep(tx, {one: 0.9}, None)
    seen = (await tried(room, thresholds=LIKELY)).foresight
    assert [(each.dispute_id, each.because[0]) for each in seen.examples] == [(one, "it is likely to be late")]


async def test_who_would_take_over_is_chosen_by_what_everybody_has_in_hand(room: Room) -> None:
    """Ann has four; of the six that would change hands Bob therefore gets five."""
    people = [{"name": name, "load_max": 100} for name in ("Ann", "Bob")]
    before, after = (
        a_tier("Agent", "900 hours", holders=[{"name": name} for name in names]) for names in (("Zoe",), ("Ann", "Bob"))
    )
    lead = a_tier("Lead", "900 hours")
    await room.put_policy(tiers=[before, lead], thresholds=[], clocks=QUIET)
    made = await room.taken_up(10)
    for dispute_id in made[:4]:
        await room.change(dispute_id, handler="Ann")
    seen = (await tried(room, tiers=[after, lead], people=people)).foresight
    assert seen.handler_changed == 6
    taken = [each.handler[1] for each in seen.examples if each.handler[0] == "Zoe"]
    assert (taken.count("Ann"), taken.count("Bob")) == (1, 5)


async def test_the_answer_names_the_clocks_of_regimes_and_that_they_stay(room: Room) -> None:
    await room.put_policy(tiers=SLOW, thresholds=[], clocks=QUIET)
    async with room.database.transaction() as tx:
        body = regimes_body({"overrides": [{"regime": "us.reg_e.1005_11", "calendar": "always", "reason": "a test"}]})
        await policies.put(tx, "regimes", body, **AUTHOR)
    await room.taken_up(2, jurisdiction="US", metadata={"product_line": "debit_card"})
    seen = await tried(room, tiers=[a_tier("Agent", "1 hour"), a_tier("Lead", "1 hour")])
    assert seen.foresight.regime_clocks
    assert set(seen.foresight.regime_clocks.values()) == {2}
    told = next(each for each in seen.sentences() if "regimes" in each)
    assert "do not change" in told
    assert next(iter(seen.foresight.regime_clocks)) in told
