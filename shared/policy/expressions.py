"""Conditions in words, checked against the facts there are and compiled: `amount > 500 EUR and not vulnerable`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, NamedTuple, NoReturn

from lark import Token, Tree

from shared.domain import expressions as build
from shared.domain.expression_facts import FACTS, Fact, Sort, metadata
from shared.domain.expressions import FLIPPED, OPPOSITE, Expression, Part
from shared.domain.money import MINOR_DIGITS
from shared.policy.expression_grammar import ExpressionFault, parsed

DEPTH_MAX: Final = 20
"""How deep `and`, `or` and `not` may lie in each other."""

_UNITS: Final[Mapping[str, timedelta]] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_AGE_MAX: Final = 100_000
"""Of whichever unit; keeps the arithmetic of times within its range."""
_EQUALITY: Final = frozenset({"==", "!="})
Node = Tree[Token] | Token


class _Value(NamedTuple):
    """A literal: what kind it is, what it says, and a currency where it has one."""

    kind: str
    value: str | Decimal | timedelta | bool
    currency: str | None = None


@lru_cache(maxsize=1_000)
def compiled(text: str, *, settled: bool = False) -> Expression:
    """The expression of a text; `settled` forbids facts that move by themselves, on which no severity can rest.

    Raises:
        ExpressionFault: it is not in the language, names what there is not, or compares what cannot be compared.
    """
    compiler = _Compiler(settled)
    holds = compiler.part(parsed(text), wanted=True, depth=0)
    return Expression(
        text,
        tuple(compiler.looks_at.values()),
        frozenset(compiler.ages),
        tuple(compiler.currencies),
        holds,
        frozenset(compiler.risks),
    )


@dataclass(frozen=True, slots=True)
class _Compiler:
    settled: bool
    looks_at: dict[str, Fact] = field(default_factory=dict)
    ages: set[timedelta] = field(default_factory=set)
    risks: set[float] = field(default_factory=set)
    currencies: dict[str | None, None] = field(default_factory=dict)

    def part(self, node: Node, *, wanted: bool, depth: int) -> Part:
        """What this node says, or its opposite."""
        assert isinstance(node, Tree)
        if depth > DEPTH_MAX:
            _refuse(node, f"nested more than {DEPTH_MAX} deep")
        rule = str(node.data)
        if rule == "negation":
            return self.part(node.children[0], wanted=not wanted, depth=depth + 1)
        if rule in {"either", "both"}:
            parts = [self.part(child, wanted=wanted, depth=depth + 1) for child in node.children]
            return build.all_of(parts) if (rule == "both") is wanted else build.any_of(parts)
        return _TESTS[rule](self, node, wanted=wanted)

    def comparison(self, node: Tree[Token], *, wanted: bool) -> Part:
        left, sign, right = node.children
        assert isinstance(sign, Token)
        assert isinstance(left, Tree)
        assert isinstance(right, Tree)
        if left.data == right.data:
            _refuse(node, "a comparison has a fact on one side and a value on the other")
        if left.data == "literal":
            left, sign, right = right, sign.update(value=FLIPPED[sign]), left
        fact = self._fact(left)
        return self._compared(fact, sign, right, wanted=wanted)

    def _compared(self, fact: Fact, sign: Token, literal: Tree[Token], *, wanted: bool) -> Part:
        if sign not in _EQUALITY and not fact.ordered:
            _refuse(
                sign, f"{fact.name} is {fact.sort.value}, which has no more and no less; use == or !=, 'in' or 'any'"
            )
        value = _value(literal)
        effective = str(sign) if wanted else OPPOSITE[sign]
        match fact.sort:
            case Sort.MONEY:
                amount, currency = _money(literal, value)
                self.currencies[currency] = None
                return build.amount_compared(effective, amount, currency)
            case Sort.FLAG if isinstance(value.value, bool):
                return build.flag(fact, wanted=value.value is (effective == "=="))
            case Sort.AGE if isinstance(value.value, timedelta):
                self.ages.add(value.value)
            case Sort.SHARE if isinstance(value.value, Decimal):
                self.risks.add(float(value.value))
        return build.compared(fact, effective, _comparable(fact, literal, value))

    def one_of(self, node: Tree[Token], *, wanted: bool) -> Part:
        """A fact among the words of a list, or (`none_of`) not."""
        fact, words = self._fact(node.children[0]), node.children[1]
        assert isinstance(words, Tree)
        if fact.sort not in {Sort.WORD, Sort.GRADE}:
            _refuse(
                node,
                f"{fact.name} is {fact.sort.value}{_LISTED.get(fact.sort, ', and only words are looked for in a list')}",
            )
        values: Iterable[str] = _words(fact, words)
        places = frozenset(map(fact.choices.index, values)) if fact.sort is Sort.GRADE else frozenset(values)
        return build.one_of(fact, places, wanted=wanted is (node.data == "one_of"))

    def contained(self, node: Tree[Token], *, wanted: bool) -> Part:
        """A word in a set, or (`not_contained`) not."""
        word, fact = node.children[0], self._fact(node.children[1])
        self._set(node, fact)
        assert isinstance(word, Token)
        return build.has(fact, frozenset({_word(fact, word)}), every=False, wanted=wanted is (node.data == "contained"))

    def has(self, node: Tree[Token], *, wanted: bool) -> Part:
        """A set that has any, or all, of the words of a list."""
        fact, words = self._fact(node.children[0]), node.children[1]
        self._set(node, fact)
        assert isinstance(words, Tree)
        return build.has(fact, frozenset(_words(fact, words)), every=node.data == "has_all", wanted=wanted)

    def known(self, node: Tree[Token], *, wanted: bool) -> Part:
        """Whether a fact is known, or (`unknown`) is not."""
        return build.known(self._fact(node.children[0]), wanted=wanted is (node.data == "known"))

    def flag(self, node: Tree[Token], *, wanted: bool) -> Part:
        """A fact that is yes or no, by itself."""
        fact = self._fact(node.children[0])
        if fact.sort is not Sort.FLAG:
            _refuse(node, f"{fact.name} is {fact.sort.value}, not yes or no; compare it with something")
        return build.flag(fact, wanted=wanted)

    def _fact(self, node: Node) -> Fact:
        assert isinstance(node, Tree)
        fact = _fact(node)
        if self.settled and fact.moves:
            _refuse(node, f"{fact.name} changes by itself, so severity cannot rest on it; make it a threshold")
        self.looks_at[fact.name] = fact
        return fact

    def _set(self, node: Tree[Token], fact: Fact) -> None:
        if fact.sort is not Sort.SET:
            _refuse(node, f"{fact.name} is {fact.sort.value}, not a set of words; use == or 'in' with a list")


_TESTS: Final[Mapping[str, Callable[..., Part]]] = {
    "comparison": _Compiler.comparison,
    "one_of": _Compiler.one_of,
    "none_of": _Compiler.one_of,
    "contained": _Compiler.contained,
    "not_contained": _Compiler.contained,
    "has_any": _Compiler.has,
    "has_all": _Compiler.has,
    "known": _Compiler.known,
    "unknown": _Compiler.known,
    "flag": _Compiler.flag,
}


def _refuse(node: Node, detail: str) -> NoReturn:
    place = node if isinstance(node, Token) else node.meta
    raise ExpressionFault(place.line or 1, place.column or 1, detail)


def _fact(node: Tree[Token]) -> Fact:
    name, *key = node.children
    if name == "metadata":
        if not key:
            _refuse(node, "metadata has keys; name one, as in metadata.vip")
        return metadata(str(key[0]).strip("\"'"))
    fact = FACTS.get(str(name))
    if fact is None:
        _refuse(node, f"there is no fact {str(name)!r}{_near(str(name), (*FACTS, 'metadata'))}")
    if key:
        _refuse(node, f"{fact.name} has no parts; only metadata has keys")
    return fact


def _value(literal: Tree[Token]) -> _Value:
    inner = literal.children[0]
    if isinstance(inner, Token):
        if inner.type == "STRING":
            return _Value("a word", str(inner)[1:-1])
        return _Value("yes or no", inner == "true")
    number = Decimal(str(inner.children[0]))
    if inner.data == "duration":
        if number > _AGE_MAX:
            _refuse(inner, "no dispute gets that old")
        return _Value("a time", _UNITS[str(inner.children[1]).rstrip("s")] * float(number))
    if len(inner.children) > 1:
        return _Value("an amount", number, str(inner.children[1]))
    return _Value("a number", number)


def _money(literal: Tree[Token], value: _Value) -> tuple[Decimal, str | None]:
    if not isinstance(value.value, Decimal):
        _refuse(literal, f"the amount is compared with an amount such as 150 or 150 EUR, not with {value.kind}")
    if value.currency is not None and value.currency not in MINOR_DIGITS:
        _refuse(literal, f"{value.currency!r} is not an ISO 4217 currency in use")
    return value.value, value.currency


def _comparable(fact: Fact, literal: Tree[Token], value: _Value) -> object:
    """The literal as the fact is read, or a fault that says what the fact is compared with."""
    match fact.sort, value.value:
        case Sort.WORD, str(word):
            return _chosen(fact, literal, word)
        case Sort.GRADE, str(word):
            return fact.choices.index(_chosen(fact, literal, word))
        case Sort.COUNT, Decimal() as number if value.currency is None and number == int(number):
            return int(number)
        case Sort.SHARE, Decimal() as number if value.currency is None and 0 <= number <= 1:
            return float(number)
        case Sort.AGE, timedelta() as time:
            return time
    _refuse(
        literal,
        f"{fact.name} is {fact.sort.value}{_FORMS.get(fact.sort, '')}, and cannot be compared with {value.kind}",
    )


_FORMS: Final[Mapping[Sort, str]] = {
    Sort.AGE: " such as 5 days or 36 hours, counted day and night",
    Sort.WORD: " in quotes",
    Sort.GRADE: " in quotes",
}


def _words(fact: Fact, words: Tree[Token]) -> list[str]:
    return [_word(fact, word) for word in words.children if isinstance(word, Token)]


def _word(fact: Fact, token: Token) -> str:
    return _chosen(fact, token, str(token)[1:-1])


def _chosen(fact: Fact, node: Node, word: str) -> str:
    """The word, if the fact can ever be it."""
    if fact.choices and word not in fact.choices:
        choice = f"; there are {', '.join(fact.choices)}" if len(fact.choices) <= _SHOWN_MAX else ""
        _refuse(node, f"{fact.name} is never {word!r}{_near(word, fact.choices) or choice}")
    return word


_SHOWN_MAX: Final = 15
_LISTED: Final[Mapping[Sort, str]] = {Sort.SET: "; use 'any' or 'all' with a list"}


def _near(word: str, names: Iterable[str]) -> str:
    near = get_close_matches(word, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
