"""Looks at the risk of a past dispute: those that are passed over would have found nothing."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.breach_features import NAMES, Around, features_of, share_used
from shared.domain.breach_grounds import PARTS
from shared.domain.breach_risk import Calibration, Model, Weight, probability
from shared.domain.clock_record import Kind
from shared.domain.escalation import Case, Escalate, decide
from shared.domain.lifecycle import Trigger
from shared.domain.matrix import Matrix
from shared.domain.money import Money
from shared.domain.remembering import remembering
from shared.domain.replay import PRIOR, Outcome, for_replay, lived, replay
from shared.domain.replayed_looks import Looks, Scene
from shared.domain.replayed_risk import Assumed, Prospect
from shared.domain.story import Did, Step, Story
from shared.domain.timekeeping import worked_out
from tests.builders import a_dispute
from tests.domain.matrices import CALENDARS, NINE, a_body, a_matrix, a_tier, clocks

HOUR = timedelta(hours=1)


class EveryLook(Looks):
    """The plain way: each look taken, each risk worked out from nothing, each case decided."""

    def __init__(self, assumed: Assumed, matrix: Matrix) -> None:
        super().__init__(Prospect(assumed, matrix.rates, CALENDARS), matrix)
        self.assumed, self.rules = assumed, matrix
        self.looked = (0, 0)

    def first(self, scene: Scene, end: datetime, *, included: bool) -> datetime | None:
        while (look := self.next_look(scene)) is not None and (look < end or (included and look == end)):
            self.looked = scene.clocks[Kind.RESOLUTION].generation, self.part(scene)
            risk = self.risk(scene._replace(now=look))
            case = Case(scene.dispute, self.rules, look, breach_risk=risk, tier_since=scene.tier_since)
            if isinstance(decide(case), Escalate):
                return look
        return None

    def next_look(self, scene: Scene) -> datetime | None:
        clock = scene.clocks.get(Kind.RESOLUTION)
        if clock is None or not clock.open or self.part(scene) >= PARTS:
            return None
        at = worked_out(clock, scene.dispute, CALENDARS).at(self.part(scene) / PARTS)
        return None if at is None else max(at, scene.now)

    def part(self, scene: Scene) -> int:
        generation, part = self.looked
        return 1 + (part if generation == scene.clocks[Kind.RESOLUTION].generation else 0)

    def risk(self, scene: Scene) -> float | None:
        clock = scene.clocks.get(Kind.RESOLUTION)
        if clock is None or not clock.open:
            return None
        share = share_used(clock, scene.dispute, CALENDARS, scene.now)
        around = Around(scene.now, share, self.assumed.backlog, scene.climbs)
        return round(probability(self.assumed.model, features_of(scene.dispute, around, self.rules.rates)), 2)


CONDITIONS = [
    "breach_risk >= 0.5",
    "breach_risk > 0.15",
    "breach_risk < 0.4 and breach_risk > 0.2",
    "not (breach_risk < 0.25) or age > 2 days",
    "breach_risk == 0.33",
    "breach_risk is known and tier >= 2",
    'breach_risk >= 0.12 and waiting != "customer"',
    "breach_risk >= 0.12 and amount > 100 EUR and age >= 6 hours",
    "age > 30 hours",
    "contact_count > 2",
]
THRESHOLDS = st.lists(
    st.tuples(st.sampled_from(CONDITIONS), st.integers(2, 4), st.sampled_from([None, "3 hours", "40 hours"])),
    min_size=1,
    max_size=3,
)
RESOLUTIONS = st.builds(
    lambda duration, pausable, cap: (
        {"duration": duration, "pausable": pausable, "calendar": "always"}
        | {"on_breach": "tell"}
        | ({} if cap is None else {"cap": cap})
    ),
    st.sampled_from(["240 hours", "8 weeks", "3 calendar days", "50 minutes", "4 seconds"]),
    st.booleans(),
    st.sampled_from([None, None, "2 calendar days"]),
)
STEPS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 100).map(float), st.floats(0, 400, allow_nan=False)),
        st.sampled_from(
            [
                (Did.WROTE, None),
                (Did.ANSWERED, None),
                (Did.INFORMED, None),
                (Did.RESOLVED, None),
                (Did.ASKED, None),
                (Did.CORRECTED, {"amount": Money.of("900", "EUR")}),
                (Did.MOVED, Trigger.WAIT_FOR_CUSTOMER),
                (Did.MOVED, Trigger.WAIT_FOR_CUSTOMER),
                (Did.MOVED, Trigger.RESUME),
                (Did.MOVED, Trigger.RESUME),
                (Did.MOVED, Trigger.REOPEN),
                (Did.MOVED, Trigger.INVESTIGATE),
            ]
        ),
    ),
    max_size=10,
)
SLOW = [a_tier(title, "900 hours") for title in ("Agent", "Lead", "Manager", "Executive")]


def the_matrix(thresholds: list[tuple[str, int, str | None]], resolution: dict[str, Any], *, slow: bool) -> Matrix:
    asked: list[dict[str, Any]] = [
        {"name": f"t{n}", "when": when, "to_tier": tier, "because": when}
        | ({} if cool_down is None else {"cool_down": cool_down})
        for n, (when, tier, cool_down) in enumerate(thresholds)
    ]
    asked.append({"name": "sure", "when": "breach_risk >= 0.99", "to_tier": 2, "because": "sure"})
    tiers = SLOW if slow else a_body()["tiers"]
    return for_replay(a_matrix(2, thresholds=asked, clocks=clocks(resolution=resolution), tiers=tiers))


def a_model(weights: dict[str, float], slope: float) -> Model:
    every = tuple(Weight(name, 0.3, 0.7, weights.get(name, 0.1)) for name in NAMES)
    return Model(3000, -1.0, every, Calibration("platt", (slope, 0.0)))


MODELS = st.one_of(
    st.none(),
    st.builds(
        lambda used, share, office, slope: a_model(
            {"time_used": used, "share_used": share, "office_hours": office}, slope
        ),
        st.floats(-0.5, 2),
        st.floats(-2, 2),
        st.floats(-1, 1),
        st.sampled_from([1.0, 1.0, 0.5, -1.0]),
    ),
)


@settings(deadline=None)
@given(THRESHOLDS, RESOLUTIONS, st.booleans(), MODELS, STEPS, st.sampled_from([0.0, 0.5, 7.3]))
def test_a_telling_that_passes_looks_over_is_the_telling_that_takes_them_all(
    thresholds: Any, resolution: Any, slow: Any, model: Model | None, steps: Any, heard: float
) -> None:
    matrix, assumed = the_matrix(thresholds, resolution, slow=bool(slow)), Assumed.of(model)
    made = sorted(steps, key=lambda each: each[0])
    told = tuple(Step(NINE + hours * HOUR, did, value) for hours, (did, value) in made)
    story = Story(a_dispute(received_at=NINE), NINE + heard * HOUR, told, NINE + 600 * HOUR)
    expected = lived(story, matrix, CALENDARS, EveryLook(assumed, matrix))
    kept = remembering(CALENDARS)
    found = [replay(story, matrix, calendars, assumed) for calendars in (CALENDARS, kept, kept)]
    assert found == [expected] * 3


def test_most_looks_are_passed_over() -> None:
    """Of a hundred looks before the deadline those below the threshold are not taken: few cases are decided."""

    class Counted(Looks):
        decided = 0

        def _reached(self, *arguments: Any) -> bool:
            self.decided += 1
            return super()._reached(*arguments)

    resolution = {"duration": "240 hours", "calendar": "always", "on_breach": "tell"}
    matrix = the_matrix([("breach_risk >= 0.5", 2, None)], resolution, slow=True)
    story = Story(a_dispute(received_at=NINE), NINE, (Step(NINE + HOUR, Did.ACKNOWLEDGED),), NINE + 230 * HOUR)
    looks = Counted(Prospect(PRIOR, matrix.rates, CALENDARS), matrix)
    outcome: Outcome = lived(story, matrix, CALENDARS, looks)
    assert [(climb.at - NINE) / HOUR for climb in outcome.climbs] == [240 * 0.89]
    assert looks.decided <= 3
