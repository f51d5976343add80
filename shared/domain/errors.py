"""Rules that can be broken. No error here knows HTTP; `services.intake.problems` gives each its status."""

from collections.abc import Iterable


class RecourseError(Exception):
    """Any rule of the product that was broken. `code` is stable and may be shown to callers."""

    code = "rule_broken"


class InvalidValue(RecourseError):
    """A value that no rule of the field allows; `field` is a JSON pointer such as `/amount/currency`."""

    code = "invalid_value"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


class NotFound(RecourseError):
    """The thing named does not exist, or the caller may not know that it does."""

    code = "not_found"

    def __init__(self, kind: str, name: object) -> None:
        super().__init__(f"No {kind} {name}.")
        self.kind = kind


class IllegalTransition(RecourseError):
    """A move that the lifecycle does not have from this status; `allowed` names those it has."""

    code = "illegal_transition"

    def __init__(self, status: str, trigger: str, allowed: Iterable[str]) -> None:
        self.status, self.trigger, self.allowed = status, trigger, tuple(sorted(allowed))
        choice = ", ".join(self.allowed) or "nothing"
        super().__init__(f"A dispute that is {status} cannot {trigger}; from here: {choice}.")


class Conflict(RecourseError):
    """The request is sound but the present state of things refuses it."""

    code = "conflict"


class StaleVersion(RecourseError):
    """The caller decided on the dispute as it no longer is; `present` is its version now, None where nobody looked."""

    code = "stale_version"

    def __init__(self, expected: int, present: int | None = None) -> None:
        moved = "was changed in the meantime" if present is None else f"is at version {present}, not {expected}"
        super().__init__(f"The dispute {moved}; read it again and decide anew.")
        self.expected, self.present = expected, present


class NotPermitted(RecourseError):
    """The caller is known but may not do this."""

    code = "not_permitted"


class AuthorityExceeded(NotPermitted):
    """The remedy is above what the caller's tier may promise."""

    code = "authority_exceeded"

    def __init__(self, detail: str, *, limit: str | None, tier: int | None) -> None:
        super().__init__(detail)
        self.limit, self.tier = limit, tier


class CannotPromise(RecourseError):
    """A deadline that can never come, such as four hours on a calendar that never opens."""

    code = "cannot_promise"


class PolicyFault(RecourseError):
    """A policy that does not hold together; `place` says where in the document, `line` on which line of its text."""

    code = "policy_fault"

    def __init__(self, place: str, detail: str, line: int | None = None) -> None:
        where = ", ".join(each for each in (place, f"line {line}" if line else "") if each)
        super().__init__(f"{where}: {detail}" if where else detail)
        self.place, self.detail, self.line = place, detail, line

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer (RFC 6901) into the policy."""
        steps = self.place.split(".") if self.place else []
        return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
