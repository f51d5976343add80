"""A TOML text held against the model of its file; what does not hold is told with its place, and with its line where known."""

import re
import tomllib
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shared.domain.errors import PolicyFault

_Model = TypeVar("_Model", bound=BaseModel)


def tables(text: str) -> dict[str, Any]:
    """What the text says, a part of it within the other.

    Raises:
        PolicyFault: the text is no TOML, with the line, or nests more deeply than anybody means.
    """
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as fault:
        found = re.search(r" \(at line (\d+), column \d+\)$", str(fault))
        raise PolicyFault("", f"This is not TOML: {fault}.", int(found[1]) if found else None) from fault
    except RecursionError as fault:
        raise PolicyFault("", "This nests too deeply.") from fault


def read_toml(model: type[_Model], text: str) -> _Model:
    """The model that the text describes.

    Raises:
        PolicyFault: the text is no TOML, or its first value that does not hold.
    """
    try:
        return model.model_validate(tables(text))
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise PolicyFault(place, first["msg"].removeprefix("Value error, ")) from fault
