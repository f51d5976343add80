"""The model file and the arithmetic on it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.categorise import FINANCIAL_CATEGORIES, ModelFileError
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.load import FILE_LIMIT_BYTES, MAGIC, SHIPPED, load_model
from services.intake.categorise.model import LANE_MASK, WEIGHT_BIAS, Calibration, grams_of
from services.intake.categorise.reading import TEXT_LIMIT_CHARACTERS

MODEL = load_model()


def test_the_shipped_file_is_whole_and_small() -> None:
    assert SHIPPED.stat().st_size < FILE_LIMIT_BYTES
    assert set(MODEL.categories) == set(FINANCIAL_CATEGORIES)
    assert set(MODEL.phrase_weights) == set(CATEGORY_PHRASES)
    assert len(MODEL.category_odds) == len(MODEL.domain_bias) == len(MODEL.domains)


def test_the_shipped_file_was_trained_only_on_sets_whose_licence_allows_it() -> None:
    header = json.loads(SHIPPED.read_bytes()[len(MAGIC) :].split(b"\n", 1)[0])
    allowed = {"written", "cfpb", "cfpb_payday", "cfpb_product", "nhtsa", "banking77", "clinc150"}
    assert set(header["trained_on"]) <= allowed


def test_no_digit_and_no_mask_is_in_the_vocabulary() -> None:
    assert not [gram for gram in MODEL.table if any(letter.isdigit() for letter in gram)]
    assert not [gram for gram in MODEL.table if "xx" in gram]


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
    other.write_bytes(MAGIC + b'{"format_version":99}\n')
    with pytest.raises(ModelFileError, match="format 99"):
        load_model(other)


def test_a_file_with_a_damaged_header_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "model.bin"
    other.write_bytes(MAGIC + b"{not json\n")
    with pytest.raises(ModelFileError, match="header"):
        load_model(other)


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "model.bin"
    large.write_bytes(MAGIC + bytes(FILE_LIMIT_BYTES))
    with pytest.raises(ModelFileError, match="larger"):
        load_model(large)


def test_no_lane_can_overflow_within_the_text_limit() -> None:
    assert TEXT_LIMIT_CHARACTERS * 0xFFFF < LANE_MASK
    assert all(
        packed.bit_length() <= 32 * (3 + len(MODEL.categories) + len(MODEL.domains)) for packed in MODEL.table.values()
    )
    assert 2 * WEIGHT_BIAS <= 0x8000


@pytest.mark.parametrize("name", ["default", "financial"])
@given(low=st.floats(0, 1), high=st.floats(0, 1), share=st.floats(0, 1))
def test_confidence_rises_with_the_raw_probability(name: str, low: float, high: float, share: float) -> None:
    low, high = sorted((low, high))
    domains = [share, 1.0 - share, 0.0]
    below, above = (MODEL.confidence(name, raw, domains) for raw in (low, high))
    assert 0.0 <= below <= above + 1e-12 <= 1.0 + 1e-12


@pytest.mark.parametrize("name", ["default", "financial"])
def test_the_threshold_can_be_reached(name: str) -> None:
    domains = [float(domain == ("shop" if name == "default" else "financial")) for domain in MODEL.domains]
    threshold = MODEL.thresholds[name]
    assert MODEL.confidence(name, 0.0, domains) < threshold <= MODEL.confidence(name, 1.0, domains)


def test_confidence_is_read_off_a_straight_line_between_two_points() -> None:
    line = Calibration((0.2, 0.6), (0.1, 0.9))
    assert [round(line(raw), 6) for raw in (0.0, 0.2, 0.4, 0.6, 1.0)] == [0.1, 0.1, 0.5, 0.9, 0.9]


def test_a_sum_over_words_equals_the_sum_of_their_weights() -> None:
    grams = {gram for gram in ("warranty", "broke", "charged", "charged twice") if gram in MODEL.table}
    shift = 32 * 3
    expected = sum(MODEL.table[gram] >> shift & LANE_MASK for gram in grams)
    total = sum(MODEL.table[gram] for gram in grams)
    assert total >> shift & LANE_MASK == expected
    assert sum(MODEL.score(grams, {}).probabilities) == pytest.approx(1.0)
    assert sum(MODEL.score(set(), {}).probabilities) == pytest.approx(1.0)


@given(st.lists(st.sampled_from(sorted(MODEL.table)[::97]), max_size=60))
def test_scoring_any_known_words_gives_probabilities(words: list[str]) -> None:
    score = MODEL.score(grams_of(words), dict.fromkeys(CATEGORY_PHRASES, 5))
    assert sum(score.probabilities) == pytest.approx(1.0)
    assert min(score.probabilities) >= 0.0
