"""The cases of the demo and what people do with them, from scenario.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

VERBS: Final = frozenset(
    {
        "answer",
        "ask_higher",
        "confirm",
        "overreach",
        "portal_solved",
        "portal_unsolved",
        "reject",
        "reply",
        "resolve",
        "wait",
        "withdraw",
    }
)
DOORS: Final = frozenset({"api", "generic", "mime"})


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody does, so many seconds after the case was filed."""

    seconds: float
    verb: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One customer's dispute; `number` counts from 1. `offer` is what the desk would like to give, if not `amount`."""

    number: int
    at: float
    about: str
    door: str
    channel: str
    customer_class: str
    name: str
    email: str
    subject: str
    text: str
    amount: Mapping[str, str] | None
    offer: Mapping[str, str] | None
    steps: tuple[Step, ...]

    def body(self) -> dict[str, Any]:
        """What a helpdesk posts to file it."""
        customer = {"name": self.name, "email": self.email, "customer_class": self.customer_class}
        told = {"customer": customer, "subject": self.subject, "description": self.text, "channel": self.channel}
        return told if self.amount is None else {**told, "amount": self.amount}


def scenario() -> tuple[Case, ...]:
    """Every case, in the order of filing.

    Raises:
        KeyError, ValueError: the file is not what it should be.
    """
    told = tomllib.loads(files("services.launch.demo").joinpath("scenario.toml").read_text(encoding="utf-8"))
    plans = {name: tuple(map(_step, steps)) for name, steps in told["plans"].items()}
    return tuple(_case(number, each, plans) for number, each in enumerate(told["case"], 1))


def _step(text: str) -> Step:
    seconds, verb = text.split(" ")
    if verb not in VERBS:
        raise ValueError(f"{verb!r} is nothing that anybody does here")
    return Step(float(seconds), verb)


def _case(number: int, told: Mapping[str, Any], plans: Mapping[str, tuple[Step, ...]]) -> Case:
    door = told.get("door", "api")
    if door not in DOORS:
        raise ValueError(f"There is no door {door!r}")
    return Case(
        number=number,
        at=told["at"],
        about=told["about"],
        door=door,
        channel=told.get("channel", "email" if door == "mime" else "api"),
        customer_class=told.get("class", "standard"),
        name=told["name"],
        email=told["email"],
        subject=told["subject"],
        text=told["text"],
        amount=_money(told.get("amount")),
        offer=_money(told.get("offer", told.get("amount"))),
        steps=plans[told["plan"]],
    )


def _money(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    value, currency = text.split(" ")
    return {"value": value, "currency": currency}
