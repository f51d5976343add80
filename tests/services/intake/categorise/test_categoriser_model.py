"""The model file and the arithmetic on it."""

import hashlib
import json
import math
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.categorise import FINANCIAL_CATEGORIES, Categoriser, ModelFileError
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.lexicon import Lexicon, shipped_lexicon
from services.intake.categorise.load import (
    BODY_LIMIT_BYTES,
    FILE_LIMIT_BYTES,
    MAGIC,
    SHIPPED,
    load_model,
    model_bytes,
    model_of,
    read_header,
)
from services.intake.categorise.model import (
    BIAS,
    LANE_BYTES,
    PATTERNS_MAX,
    TOGETHER_MAX,
    WEIGHT_MAX,
    Calibration,
    Model,
)
from services.intake.categorise.reading import normalised

MODEL = load_model()
HEADER = read_header(SHIPPED.read_bytes())


def patterns_of(raw: bytes) -> list[str]:
    body = raw[len(MAGIC) :].split(b"\n", 2)[2]
    return zlib.decompress(body).partition(b"\0")[0].decode().split("\n")


PATTERNS = patterns_of(SHIPPED.read_bytes())


def sealed(header: bytes, body: bytes) -> bytes:
    """A file under a true checksum, whatever it holds."""
    rest = header + b"\n" + body
    return MAGIC + hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


def small(**changes: Any) -> bytes:
    """A model of two categories and one domain that knows two words."""
    header = {
        "categories": ["warranty", "other"],
        "domains": ["shop"],
        "domain_bias": [0.0],
        "category_bias": [[0.0, 0.0]],
        "phrase_weights": {"warranty": [3.0, 0.0]},
        "calibrations": {name: [[[0.0, 1.0], [0.0, 1.0]]] for name in ("default", "financial")},
        "thresholds": {"default": 0.5, "financial": 0.5},
        "weight_step": 0.01,
        "rarity_step": 0.01,
        "familiar": 0.5,
    } | changes
    return model_bytes(header, [" guarantee ", " hello "], [100, 200, -200, 0, 100, -200, 200, 0])


def answers(category: str, probability: float) -> dict[str, float]:
    """This probability for one category, and the rest of it shared alike by all others."""
    rest = (1.0 - probability) / (len(FINANCIAL_CATEGORIES) - 1)
    return dict.fromkeys(FINANCIAL_CATEGORIES, rest) | {category: probability}


def probability(model: Model, text: str, hits: int = 0) -> float:
    present = model.search(normalised(text)).present
    return model.score(present, {"warranty": hits} if hits else {}).probabilities[0]


def test_the_shipped_file_is_whole_and_small() -> None:
    assert SHIPPED.stat().st_size < FILE_LIMIT_BYTES
    assert set(MODEL.categories) == set(FINANCIAL_CATEGORIES)
    assert set(MODEL.phrase_weights) == set(CATEGORY_PHRASES)
    assert len(MODEL.category_odds) == len(MODEL.domain_bias) == len(MODEL.domains)


def test_the_shipped_file_was_trained_only_on_sets_whose_licence_allows_it() -> None:
    header = read_header(SHIPPED.read_bytes())
    allowed = {"written", "written_bank", "cfpb", "cfpb_payday", "cfpb_product", "nhtsa", "banking77", "clinc150"}
    assert set(header["trained_on"]) <= allowed


def test_no_digit_and_no_mask_is_in_the_patterns() -> None:
    assert not [pattern for pattern in PATTERNS if any(letter.isdigit() for letter in pattern)]
    assert not [pattern for pattern in PATTERNS if "xx" in pattern]


def test_every_pattern_is_one_a_text_can_hold() -> None:
    assert not [pattern for pattern in PATTERNS if pattern not in normalised(pattern) or "  " in pattern]


@pytest.mark.parametrize(
    "spoil", [lambda raw: raw[:-1], lambda raw: raw + b"x", lambda raw: raw[:0], lambda raw: b"x" + raw]
)
def test_a_damaged_file_is_refused(tmp_path: Path, spoil: object) -> None:
    damaged = tmp_path / "model.bin"
    assert callable(spoil)
    damaged.write_bytes(spoil(SHIPPED.read_bytes()))
    with pytest.raises(ModelFileError):
        load_model(damaged)


def test_a_file_of_another_format_version_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "model.bin"
    other.write_bytes(sealed(b'{"format_version":99}', b""))
    with pytest.raises(ModelFileError, match="format 99"):
        load_model(other)
    other.write_bytes(MAGIC + b'{"format_version":2}\n')
    with pytest.raises(ModelFileError, match="older format"):
        load_model(other)


def test_a_file_with_a_damaged_header_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "model.bin"
    other.write_bytes(sealed(b"{not json", b""))
    with pytest.raises(ModelFileError, match="header"):
        load_model(other)


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "model.bin"
    large.write_bytes(MAGIC + bytes(FILE_LIMIT_BYTES))
    with pytest.raises(ModelFileError, match="larger"):
        load_model(large)


def test_no_lane_can_overflow_with_as_many_patterns_as_are_added_up_at_a_time() -> None:
    assert TOGETHER_MAX * (BIAS + WEIGHT_MAX) < 1 << 8 * LANE_BYTES
    assert len(PATTERNS) <= PATTERNS_MAX


def test_a_text_of_thousands_of_patterns_is_scored_as_exactly_as_a_short_one() -> None:
    patterns = [f" {'abcdefghij'[at % 10]}{at} " for at in range(3 * TOGETHER_MAX + 1)]
    heaviest, model = WEIGHT_MAX, model_of(small())
    for weight, certain in ((heaviest, 1.0), (-heaviest, 0.0), (0, 0.5)):
        many = model_of(model_bytes(read_header(small()), patterns, [heaviest, weight, 0, 0] * len(patterns)))
        assert many.score(range(len(patterns)), {}).probabilities[0] == pytest.approx(certain)
        assert many.score(range(1), {}).probabilities[0] == pytest.approx(certain, abs=1e-2)
    assert model.score((), {}).probabilities == pytest.approx([0.5, 0.5])


def test_more_patterns_than_fit_are_refused() -> None:
    header, row = read_header(small()), [1, 0, 0, 0]
    assert model_of(model_bytes(header, [" a ", " b "], 2 * row)).categories == ("warranty", "other")
    with pytest.raises(ModelFileError):
        model_of(model_bytes(header, [f" {at} " for at in range(PATTERNS_MAX + 1)], (PATTERNS_MAX + 1) * row))


def test_a_file_that_unfolds_to_more_than_the_limit_is_refused_though_it_is_sound() -> None:
    long = model_bytes(read_header(small()), [f" {'a' * BODY_LIMIT_BYTES} "], [1, 0, 0, 0])
    assert len(long) < FILE_LIMIT_BYTES
    with pytest.raises(ModelFileError):
        model_of(long, Lexicon())


@pytest.mark.parametrize("patterns", [[" a ", " a "], [" a", " b "], ["a ", " b "], ["  ", " b "], ["", " b "]])
def test_a_pattern_that_is_there_twice_or_is_no_whole_words_is_refused(patterns: list[str]) -> None:
    with pytest.raises(ModelFileError):
        model_of(model_bytes(read_header(small()), patterns, [1, 0, 0, 0] * 2))


@pytest.mark.parametrize(
    "changes",
    [
        {"categories": ["warranty"]},
        {"categories": ["warranty", "luggage"]},
        {"categories": ["other", "other"]},
        {"phrase_weights": []},
        {"calibrations": []},
        {"calibrations": {name: [[[1.0, 0.0], [0.0, 1.0]]] for name in ("default", "financial")}},
        {"category_bias": [[1e6, 0.0]]},
        {"domains": ["shop", "bank"]},
        {"category_bias": [[0.0]]},
        {"domain_bias": []},
        {"phrase_weights": {"warranty": [1.0]}},
        {"calibrations": {}},
        {"calibrations": {"default": [[[0.0], [0.0]]], "financial": [[[0.0], [0.0, 1.0]]]}},
        {"calibrations": {name: [[[0.0, 1.0], [0.0, float("nan")]]] for name in ("default", "financial")}},
        {"calibrations": {name: [[[0.0, 1.0], [0.0, 1.5]]] for name in ("default", "financial")}},
        {"calibrations": {name: [[["a", "b"], [0.0, 1.0]]] for name in ("default", "financial")}},
        {"domain_bias": ["0.0"]},
        {"domain_bias": [True]},
        {"domain_bias": [[0.0]]},
        {"domain_bias": {"shop": 0.0}},
        {"phrase_weights": {"warranty": [[1.0], 0.0]}},
        {"category_bias": [[-1000.0, -1000.0]]},
        {"category_bias": [[0.0, [0.0]]]},
        {"answer_bias": [[1000.0, 0.0]]},
        {"calibrations": {name: [[[[0.0], [1.0]], [0.0, 1.0]]] for name in ("default", "financial")}},
        {"domain_bias": [float("-inf")]},
        {"phrase_weights": {"warranty": [1.0, -1e308]}},
        {"answer_bias": [[0.0, "1.0"]]},
        {"familiar": [[[]]]},
        {"thresholds": {"default": 2.0, "financial": 0.5}},
        {"thresholds": {"default": [0.5, 0.6], "financial": 0.5}},
        {"thresholds": {"default": [2.0], "financial": 0.5}},
        {"familiar": 0.0},
        {"weight_step": None},
        {"rarity_step": "small"},
        {"sureties": {"default": [None, None]}},
        {"sureties": {"default": [{"said": {}, "own": 1.0}]}},
        {"sureties": {"default": [{"said": {}, "own": 1.0, "each": {}, "most": 2.0}]}},
        {"sureties": {"default": [{"said": {}, "own": float("inf"), "each": {}, "most": 1.0}]}},
    ],
)
def test_a_file_that_contradicts_itself_is_refused(changes: dict[str, Any]) -> None:
    assert model_of(small()).categories == ("warranty", "other")
    with pytest.raises(ModelFileError):
        model_of(small(**changes))


@pytest.mark.parametrize("depth", [500, 100_000])
def test_a_header_that_nests_for_ever_is_refused(depth: int) -> None:
    nested = b'"familiar":' + b"[" * depth + b"]" * depth
    header, body = small()[len(MAGIC) :].split(b"\n", 2)[1:]
    assert model_of(sealed(header, body)).familiar == 0.5
    with pytest.raises(ModelFileError, match=r"damaged header|contradicts itself"):
        model_of(sealed(header.replace(b'"familiar":0.5', nested), body))


@pytest.mark.parametrize("part", [b'"familiar":0.5', b'"weight_step":0.01', b"[[0.0,0.0]]"])
def test_a_changed_figure_of_the_header_is_found_by_the_checksum(part: bytes) -> None:
    changed = small().replace(part, part.replace(b"0.", b"1."))
    with pytest.raises(ModelFileError, match="checksum"):
        model_of(changed)


@pytest.mark.parametrize(
    "body",
    [
        b"not compressed",
        zlib.compress(b" a \n a \0" + bytes(16)),
        zlib.compress(b" a \n\0" + bytes(16)),
        zlib.compress(b" a \0" + bytes(6)),
        zlib.compress(b" a \0" + bytes(8)),
        zlib.compress(b"\xff \0" + bytes(8)),
        zlib.compress(bytes(BODY_LIMIT_BYTES + 1)),
    ],
)
def test_a_damaged_table_under_a_true_checksum_is_refused(body: bytes) -> None:
    with pytest.raises(ModelFileError, match="contradicts itself"):
        model_of(sealed(json.dumps(read_header(small())).encode(), body))


def test_a_negative_rarity_is_refused() -> None:
    with pytest.raises(ModelFileError):
        model_of(model_bytes(read_header(small()), [" a "], [-1, 0, 0, 0]))


@pytest.mark.parametrize("name", ["default", "financial"])
@pytest.mark.parametrize("category", ["billing_error", "service_delivery", "other"])
@given(low=st.floats(0.2, 1), high=st.floats(0.2, 1), share=st.floats(0, 1))
def test_confidence_rises_as_one_answer_gains_on_all_others(
    name: str, category: str, low: float, high: float, share: float
) -> None:
    low, high = sorted((low, high))
    domains = [share, 1.0 - share, 0.0]
    below, above = (MODEL.confidence(name, category, answers(category, raw), domains) for raw in (low, high))
    assert 0.0 <= below <= above + 1e-12 <= 1.0 + 1e-12


@pytest.mark.parametrize("name", ["default", "financial"])
def test_the_threshold_can_be_reached(name: str) -> None:
    domains = [float(domain == ("shop" if name == "default" else "financial")) for domain in MODEL.domains]
    said, threshold = "billing_error" if name == "default" else "data_records", MODEL.threshold(name, domains)
    assert MODEL.confidence(name, said, answers(said, 0.2), domains) < threshold
    assert MODEL.confidence(name, said, answers(said, 1.0), domains) >= threshold


def test_a_text_is_held_to_the_strictest_domain_that_it_resembles() -> None:
    shop, bank, _ = MODEL.thresholds["default"]
    assert shop != bank
    assert MODEL.threshold("default", [0.95, 0.05, 0.0]) == shop
    assert MODEL.threshold("default", [0.05, 0.95, 0.0]) == bank
    assert MODEL.threshold("default", [0.85, 0.15, 0.0]) == max(shop, bank)


def test_confidence_is_read_off_a_straight_line_between_two_points() -> None:
    line = Calibration((0.2, 0.6), (0.1, 0.9))
    assert [round(line(raw), 6) for raw in (0.0, 0.2, 0.4, 0.6, 1.0)] == [0.1, 0.1, 0.5, 0.9, 0.9]


def test_an_answer_of_a_category_that_is_often_wrong_is_less_sure() -> None:
    stored = {"said": {"warranty": 0.0, "other": -2.0}, "own": 1.0, "each": {}, "most": 0.9}
    model = model_of(small(sureties={"default": [stored], "financial": [None]}))
    sure = {"warranty": 0.8, "other": 0.2}
    unsure = {"warranty": 0.2, "other": 0.8}
    odds = math.log(0.801 / 0.201)
    assert model.confidence("default", "warranty", sure, [1.0]) == pytest.approx(0.9 / (1 + math.exp(-odds)))
    assert model.confidence("default", "other", unsure, [1.0]) == pytest.approx(0.9 / (1 + math.exp(2 - odds)))
    assert model.confidence("financial", "other", unsure, [1.0]) == pytest.approx(0.8)


def test_a_score_is_the_sum_of_weights_over_the_length_of_the_text_in_rarities() -> None:
    model = model_of(small())
    assert probability(model, "nothing known") == pytest.approx(0.5)
    assert probability(model, "a guarantee") == pytest.approx(1 / (1 + math.exp(-4)))
    assert probability(model, "Hello, hello!") == pytest.approx(1 / (1 + math.exp(4)))
    assert probability(model, "hello guarantee") == pytest.approx(0.5)
    assert probability(model, "hello guarantee", hits=1) == pytest.approx(1 / (1 + math.exp(-1)))
    assert probability(model, "hello guarantee", hits=3) == pytest.approx(1 / (1 + math.exp(-3)))
    assert probability(model, "hello guarantee", hits=9) == pytest.approx(1 / (1 + math.exp(-3)))


def test_a_category_that_is_seldom_answered_may_be_chosen_before_its_probability_says_so() -> None:
    plain, generous = (model_of(small(answer_bias=[[0.0, bias]]), Lexicon()) for bias in (0.0, 5.0))
    before, after = (Categoriser(model).categorise("", "hello, guarantee guarantee") for model in (plain, generous))
    assert (before.name, before.confidence) == ("warranty", 0.5)
    assert (after.name, after.confidence) == ("other", 0.5), "what is chosen is no surer for it"


@pytest.mark.parametrize(
    ("bias", "text", "name", "secondary"),
    [
        (0.3, "hello, the flange", "warranty", ("communication",)),
        (2.0, "hello, the flange", "communication", ("warranty",)),
        (0.3, "hello", "communication", ("warranty",)),
        (2.0, "hello", "communication", ()),
    ],
)
def test_a_matter_that_a_phrase_names_comes_before_silence_about_it_unless_it_is_far_less_probable(
    bias: float, text: str, name: str, secondary: tuple[str, ...]
) -> None:
    header = read_header(small()) | {
        "categories": ["communication", "warranty", "other"],
        "category_bias": [[bias, 0.0, -9.0]],
        "phrase_weights": {"warranty": [0.0, 0.0, 0.0]},
    }
    model = model_of(model_bytes(header, [" hello "], [100, 0, 0, 0, 0]), Lexicon({"warranty": ["flange"]}))
    answer = Categoriser(model).categorise("", text)
    assert (answer.name, answer.secondary) == (name, secondary)


def knowing_matters(**changes: Any) -> bytes:
    """A model of three categories and one domain, in which "late" raises one matter and "guarantee" another."""
    header = read_header(small()) | {
        "categories": ["service_delivery", "warranty", "other"],
        "category_bias": [[1.0, 0.0, 0.0]],
        "phrase_weights": {},
        "matter_bias": [-2.0, -2.0, 5.0],
    }
    late, guarantee = [100, 50, 0, 0, 400, 0, 0, 0], [100, 0, 50, 0, 0, 400, 0, 0]
    return model_bytes(header | changes, [" late ", " guarantee "], late + guarantee)


@pytest.mark.parametrize(
    ("text", "secondary"),
    [
        ("It is late", ()),  # the primary matter is no further one
        ("Late, and the guarantee is ignored", ("warranty",)),
        ("Something else", ()),  # "other" is never named, however likely
    ],
)
def test_further_matters_are_those_that_the_text_raises_by_themselves(text: str, secondary: tuple[str, ...]) -> None:
    answer = Categoriser(model_of(knowing_matters(), Lexicon())).categorise("", text)
    assert (answer.name, answer.secondary) == ("service_delivery", secondary)


@pytest.mark.parametrize(
    ("raised", "name", "secondary"),
    [(3.0, "warranty", ("communication",)), (-3.0, "communication", ())],
)
def test_silence_about_a_matter_that_is_raised_comes_second_to_it(
    raised: float, name: str, secondary: tuple[str, ...]
) -> None:
    header = read_header(small()) | {
        "categories": ["communication", "warranty", "other"],
        "category_bias": [[2.0, 0.0, -9.0]],
        "phrase_weights": {},
        "matter_bias": [1.0, raised, 0.0],
    }
    model = model_of(model_bytes(header, [" hello "], [100, 0, 0, 0, 0, 0, 0, 0]), Lexicon())
    answer = Categoriser(model).categorise("", "hello")
    assert (answer.name, answer.secondary) == (name, secondary)


def test_a_phrase_lets_a_less_likely_matter_be_named() -> None:
    spoken = {"phrase_weights": {"warranty": [0.0] * 6}, "matter_bias": [-2.0, -1.0, 5.0]}
    model = model_of(knowing_matters(**spoken), Lexicon({"warranty": ["flange"]}))
    assert Categoriser(model).categorise("", "It is late").secondary == ()
    assert Categoriser(model).categorise("", "It is late, and the flange too").secondary == ("warranty",)


def test_a_matter_that_the_taxonomy_does_not_know_is_not_named() -> None:
    text, model = "Late, and the guarantee is ignored", model_of(knowing_matters(), Lexicon())
    assert Categoriser(model, names=("service_delivery", "other")).categorise("", text).secondary == ()


@pytest.mark.parametrize("bias", [[0.0], [0.0] * 4, [0.0, 0.0, "1"], [0.0, 0.0, float("nan")]])
def test_matters_that_do_not_fit_the_categories_are_refused(bias: list[Any]) -> None:
    with pytest.raises(ModelFileError):
        model_of(knowing_matters(matter_bias=bias))


@pytest.mark.parametrize(
    "bias", [[[0.0]] * 3, [[]] * 3, [{}] * 3, {"warranty": 0.0}, "ab?", 3, [1e300] * 3, [True] * 3]
)
def test_matters_that_are_no_numbers_are_refused_before_a_text_fails_on_them(bias: Any) -> None:
    with pytest.raises(ModelFileError):
        model_of(knowing_matters(matter_bias=bias))


@pytest.mark.parametrize("matters", [[], None])
def test_of_a_file_that_knows_no_matters_none_is_scored(matters: Any) -> None:
    assert model_of(small(matter_bias=matters)).score((), {}).matters == []


def test_a_table_too_short_for_its_header_is_refused_at_no_cost() -> None:
    """However many blocks a header asks for, no more is made than the table holds."""
    header = read_header(small()) | {"phrase_weights": {}, "heads": [10**15]}
    with pytest.raises(ModelFileError):
        model_of(model_bytes(header, [" a "], [100] * 4))


def test_a_word_that_weighs_is_given_as_a_reason_where_no_phrase_names_the_category() -> None:
    answer = Categoriser(model_of(small(), Lexicon())).categorise("", "So much for a GUARANTEE")
    assert (answer.name, answer.reasons) == ("warranty", ("GUARANTEE",))


def test_a_model_is_the_same_whatever_phrases_are_looked_for_beside_it() -> None:
    alone, beside = model_of(small(), Lexicon()), model_of(small(), shipped_lexicon())
    for text in ("hello", "guarantee hello", "hello, the kettle broke and the guarantee is refused"):
        assert probability(alone, text) == probability(beside, text)


@given(st.lists(st.sampled_from(PATTERNS[::97]), max_size=60))
def test_scoring_any_known_words_gives_probabilities(patterns: list[str]) -> None:
    present = MODEL.search("".join(patterns)).present
    score = MODEL.score(present, dict.fromkeys(CATEGORY_PHRASES, 5))
    assert sum(score.probabilities) == pytest.approx(1.0)
    assert sum(score.domains) == pytest.approx(1.0)
    assert min(score.probabilities) >= 0.0
