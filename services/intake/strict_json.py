"""JSON read strictly (RFC 8259, I-JSON): what two parsers could read in two ways is refused."""

import json
import re
from typing import Any, Final, NoReturn

from services.intake.problems import Fault, Problem

DEPTH_MAX: Final = 32
_TOKENS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)
_SUSPECT_ESCAPE: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class _Refused(ValueError):
    """A construct that JSON allows and we do not."""


def loads(body: bytes) -> Any:
    """The value that the bytes hold.

    Raises:
        Problem: `malformed_json`: not UTF-8, not JSON, empty, nested too deeply, a name twice in one object, a number that
            is none or has too many digits, a zero character or half a surrogate pair.
    """
    if not body.strip():
        raise Problem("malformed_json", "The body is empty; this request needs a JSON body.")
    if body.count(b"[") + body.count(b"{") > DEPTH_MAX:
        _check_depth(body)
    try:
        value = _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Problem("malformed_json", f"Not UTF-8 at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        detail = f"{error.msg} at line {error.lineno}, column {error.colno}."
        raise Problem("malformed_json", detail) from None
    except _Refused as error:
        raise Problem("malformed_json", str(error)) from None
    except ValueError:
        raise Problem("malformed_json", "A number has more digits than any number here can have.") from None
    if _SUSPECT_ESCAPE.search(body):
        _check_text(value, "")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _Refused(f"The name {_shown(twice)} stands twice in one object.")
    return made


def _constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not a JSON number.")


def _float(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise _Refused("A number is too large.")
    return number


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)


def _check_depth(body: bytes) -> None:
    depth = 0
    for token in _TOKENS.finditer(body):
        mark = body[token.start()]
        if mark in b"[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise Problem("malformed_json", f"Nested deeper than {DEPTH_MAX} levels.")
        elif mark in b"]}":
            depth -= 1


def _check_text(value: Any, pointer: str) -> None:
    """Refuses text that cannot be stored or encoded; the depth is already bounded."""
    if isinstance(value, str):
        _check_string(value, pointer)
    elif isinstance(value, dict):
        for name, each in value.items():
            _check_string(name, pointer)
            _check_text(each, f"{pointer}/{escape(name)}")
    elif isinstance(value, list):
        for n, each in enumerate(value):
            _check_text(each, f"{pointer}/{n}")


def _check_string(text: str, pointer: str) -> None:
    if "\0" in text:
        fault = "Holds a zero character (U+0000)."
    elif not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        fault = "Holds half of a surrogate pair, which is no character."
    else:
        return
    raise Problem("malformed_json", f"{pointer or 'body'}: {fault}", (Fault(fault, pointer=pointer),))


def escape(name: str) -> str:
    """A name as one step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _shown(name: str) -> str:
    plain = name[:64].encode("ascii", "replace").decode()
    return json.dumps(plain)
