"""The grammar of conditions in words, and its parser: linear in the text, which is short."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from shared.domain.expressions import TEXT_MAX

_GRAMMAR: Final = r"""
    ?start: either
    ?either: both ("or" both)*
    ?both: negatable ("and" negatable)*
    ?negatable: "not" negatable -> negation
        | "(" either ")"
        | test
    ?test: operand SIGN operand -> comparison
        | fact "in" list -> one_of
        | fact "not" "in" list -> none_of
        | STRING "in" fact -> contained
        | STRING "not" "in" fact -> not_contained
        | fact "any" list -> has_any
        | fact "all" list -> has_all
        | fact "is" "known" -> known
        | fact "is" "unknown" -> unknown
        | fact -> flag
    ?operand: fact | literal
    fact: NAME
        | NAME "." NAME
        | NAME "[" STRING "]"
    literal: STRING | money | duration | TRUE | FALSE
    money: NUMBER CURRENCY?
    duration: NUMBER UNIT
    list: "[" STRING ("," STRING)* [","] "]"

    SIGN: "==" | "!=" | "<=" | ">=" | "<" | ">"
    TRUE: "true"
    FALSE: "false"
    UNIT.2: /(minute|hour|day|week)s?\b/
    CURRENCY: /[A-Z]{3}\b/
    NUMBER: /[0-9]+(\.[0-9]+)?/
    STRING: /"[^"\n]*"|'[^'\n]*'/
    NAME: /(?!(and|or|not|in|is|any|all|known|unknown|true|false)\b)[a-z_][a-z0-9_]*/
    %ignore /[ \t\r\n]+/
"""

_WORDS: Final[Mapping[str, str]] = {
    "SIGN": "a comparison such as > or ==",
    "STRING": "a word in quotes",
    "NUMBER": "a number",
    "NAME": "the name of a fact",
    "CURRENCY": "a currency such as EUR",
    "UNIT": "hours, days or weeks",
    "LPAR": "'('",
    "RPAR": "')'",
    "LSQB": "'['",
    "RSQB": "']'",
    "DOT": "'.'",
    "COMMA": "','",
    "$END": "the end",
}


class ExpressionFault(ValueError):
    """An expression that does not hold; `line` and `column` count from 1 within it."""

    def __init__(self, line: int, column: int, detail: str) -> None:
        self.line, self.column, self.detail = line, column, detail
        before = f"line {line}, " if line > 1 else ""
        super().__init__(f"at {before}character {column}: {detail}")


def parsed(text: str) -> Tree[Token]:
    """The text as a tree of the grammar's rules.

    Raises:
        ExpressionFault: it is too long, or is not in the language; with the place and what could stand there.
    """
    if len(text) > TEXT_MAX:
        raise ExpressionFault(1, TEXT_MAX, f"an expression has at most {TEXT_MAX:,} characters; make it two thresholds")
    try:
        return _parser().parse(text)
    except UnexpectedCharacters as fault:
        raise ExpressionFault(fault.line, fault.column, _stray(text[fault.pos_in_stream or 0])) from fault
    except UnexpectedToken as fault:
        raise _unexpected(text, fault) from fault
    except UnexpectedInput as fault:
        raise ExpressionFault(1, max(1, len(text)), "this is not a condition") from fault


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _stray(character: str) -> str:
    hints = {
        "=": "compare with ==",
        "&": "write and",
        "|": "write or",
        "!": "write not",
        '"': "the quote is not closed",
    }
    hint = hints.get(character, "names are written in small letters")
    return f"{character!r} does not belong here; {hint}"


def _unexpected(text: str, fault: UnexpectedToken) -> ExpressionFault:
    choice = ", ".join(sorted(_WORDS.get(each, f"'{each.lower()}'") for each in fault.expected))
    if fault.token.type == "$END":
        lines = text.rstrip().split("\n")
        return ExpressionFault(len(lines), len(lines[-1]) + 1, f"it ends too early; what could stand here: {choice}")
    return ExpressionFault(
        fault.line, fault.column, f"{str(fault.token)!r} does not belong here; what could stand here: {choice}"
    )
