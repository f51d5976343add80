"""What a text mentions is found where it stands, offered as it was said, and nothing of a card leaves the text."""

import random
import re
import time
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.finding.evaluate import HALVES, KINDS, mention_scores, mentions
from services.intake.categorise.currencies import DOLLARS
from services.intake.categorise.extract import NUMBERS_MAX, found_in
from services.intake.categorise.found import (
    AMOUNTS_MAX,
    CARDS_MAX,
    DATES_MAX,
    MENTIONS_MAX,
    NOTHING_FOUND,
    REFERENCE_KINDS,
    REFERENCES_MAX,
    Found,
)
from services.intake.categorise.masked import passes_luhn
from services.intake.categorise.reading import TEXT_LIMIT_CHARACTERS
from shared.domain.money import Money

TODAY = date(2026, 11, 22)
LANGUAGES = st.sampled_from(["en", "de", "fr", "es", "pl", "und"])
_PIECES = (
    "$ € £ US$ EUR Rs. kr zł 1,234.56 1.234,56 12 1'234 5 2026 05/06/2026 2026-05-03 3rd of May March last week ago vor "
    "hace il y a yesterday hier order # no. number invoice AB-12 4111111111111111 DE89370400440532013000 % . , - / twenty "
    "and hundred dollars million k lakh bn US U.S. cents 50p 12€50 :- -24 ' last\u00a0year half a orders RMA: ² ½ ago weeks ago tracking XX \u00a0 \u202f \u2019 \n é İ 𝟙 ١٢ \ud800"
)
PIECES = st.sampled_from(_PIECES.split(" "))
HOSTILE = st.text() | st.lists(PIECES, max_size=60).map("".join) | st.lists(PIECES, max_size=60).map(" ".join)


def look(text: str, *, language: str = "en") -> Found:
    return found_in(text, today=TODAY, language=language)


@pytest.mark.parametrize(
    ("said", "value", "currency"),
    [
        ("€1.234,56", "1234.56", "EUR"),
        ("1 234,56 €", "1234.56", "EUR"),
        ("CHF 1'234.50", "1234.50", "CHF"),
        ("£1.2k", "1200", "GBP"),
        ("20 EUR", "20", "EUR"),
        ("₹1,25,000", "125000", "INR"),
        ("99 zł", "99", "PLN"),
        ("US$20", "20", "USD"),
        ("two hundred and fifty pounds", "250", "GBP"),
        ("nine thousand million pounds", "9000000000", "GBP"),
        ("20 US dollars", "20", "USD"),
        ("1,250.50 Canadian dollars", "1250.50", "CAD"),
        ("50 U.S. Dollars", "50", "USD"),
        ("USD$50", "50", "USD"),
        ("£12 50p", "12.50", "GBP"),
        ("12 pounds and 5 pence", "12.05", "GBP"),
        ("20 US dollars and 75 cents", "20.75", "USD"),
        ("twelve pounds and fifty pence", "12.50", "GBP"),
        ("five hundred euros and 50 cents", "500.50", "EUR"),
        ("12€50", "12.50", "EUR"),
        ("INR 1 lakh", "100000", "INR"),
        ("₹2.5 crore", "25000000", "INR"),
        ("€5bn", "5000000000", "EUR"),
        ("€1.5 billion", "1500000000", "EUR"),
        ("200:- SEK", "200", "SEK"),
    ],
)
def test_an_amount_is_read_in_every_usual_spelling(said: str, value: str, currency: str) -> None:
    (amount,) = look(f"They took {said} from me.").amounts
    assert (amount.value, amount.currency, amount.said) == (Decimal(value), currency, said)


def test_coins_belong_to_the_sum_they_follow_only_where_they_can() -> None:
    two = look("It was £12.50 and 20p more, or 30 dollars and 5 dollars for the bag.").amounts
    assert [each.said for each in two] == ["£12.50", "20p", "30 dollars", "5 dollars"]
    assert [each.said for each in look("It is 99 cents, not 2 dollars, 150 cents at most.").amounts] == [
        "99 cents",
        "2 dollars",
        "150 cents",
    ]


@pytest.mark.parametrize(("said", "currency"), [("R$ 50", "BRL"), ("C$50", "CAD"), ("HK$50", "HKD")])
def test_a_text_may_begin_with_an_amount(said: str, currency: str) -> None:
    (amount,) = look(f"{said} were taken.").amounts
    assert (amount.said, amount.start, amount.currency) == (said, 0, currency)


def test_a_sign_belongs_to_the_number_it_stands_before() -> None:
    assert [each.said for each in look("It costs $50-$60 elsewhere.").amounts] == ["$50", "$60"]
    assert [each.said for each in look("I bought 3 $20 vouchers.").amounts] == ["$20"]


@pytest.mark.parametrize("said", ["$40-50", "US$40-50", "40-50 euros", "€ 40-50"])
def test_both_ends_of_a_range_are_amounts_of_one_currency(said: str) -> None:
    low, high = look(f"Elsewhere it costs {said} a month.").amounts
    assert [low.value, high.value] == [Decimal(40), Decimal(50)]
    assert (low.currency, low.candidates) == (high.currency, high.candidates)


def test_a_sign_of_several_currencies_names_them_all_and_settles_on_none() -> None:
    (amount,) = look("I paid $39.99 for it.").amounts
    assert amount.currency is None
    assert amount.candidates == DOLLARS


def test_a_code_beside_the_sign_settles_which_dollar_it_is() -> None:
    (amount,) = look("I paid $20 CAD for it.").amounts
    assert (amount.currency, amount.candidates, amount.said) == ("CAD", (), "$20 CAD")


@pytest.mark.parametrize(
    "text",
    [
        "Battery at 20% after 3 hours.",
        "Call me on +44 20 7946 0958 at 5 p.m.",
        "I bought it in 2023 for my 45th birthday.",
        "There are 128 GB and 2.5 kg in 4.99 boxes.",
        "They want 15k.",
    ],
)
def test_a_number_without_a_currency_is_no_amount(text: str) -> None:
    assert look(text) == NOTHING_FOUND


def test_a_sum_nobody_could_dispute_or_no_coin_could_pay_is_not_offered() -> None:
    assert not look("They owe me €9999999999999999 and 30.50 JPY and €1.2345.").amounts
    assert not look("They owe me " + "hundred " * 8 + "dollars.").amounts


def test_a_day_in_figures_has_both_readings_in_english_and_one_elsewhere() -> None:
    (english,) = look("Bought on 05/06/2026.").dates
    assert {english.first, english.other} == {date(2026, 6, 5), date(2026, 5, 6)}
    assert english.ambiguous
    (german,) = look("Gekauft am 05/06/2026.", language="de").dates
    assert (german.first, german.other) == (date(2026, 6, 5), None)


def test_a_language_with_a_country_is_read_as_the_language() -> None:
    text = "Gestern, am 3. Mai und am 05/06/2026."
    assert look(text, language="de-AT") == look(text, language="de")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("It broke yesterday.", "en"),
        ("Gestern kaputt gegangen.", "de"),
        ("Cassé hier.", "fr"),
        ("Se rompió ayer.", "es"),
    ],
)
def test_yesterday_counts_from_the_day_it_was_said(text: str, language: str) -> None:
    (day,) = look(text, language=language).dates
    assert (day.first, day.last) == (date(2026, 11, 21), date(2026, 11, 21))


def test_weeks_ago_and_months_are_spans_of_days() -> None:
    weeks, march = look("Two weeks ago it broke, the last one in March.").dates
    assert (weeks.first, weeks.last) == (date(2026, 11, 5), date(2026, 11, 11))
    assert (march.first, march.last) == (date(2026, 3, 1), date(2026, 3, 31))


def test_a_day_without_a_year_may_be_the_next_one_only_when_that_is_near() -> None:
    near, far = look("It is due on December 5 and broke on May 3.").dates
    assert (near.first, near.other) == (date(2025, 12, 5), date(2026, 12, 5))
    assert (far.first, far.other) == (date(2026, 5, 3), None)


@pytest.mark.parametrize("said", ["3-Mar-24", "03-MAR-24", "3/Mar/2024", "3 March '24", "3 March \u201924"])
def test_a_year_of_two_figures_behind_a_month_counts_where_signs_show_that_it_is_one(said: str) -> None:
    (day,) = look(f"It broke {said} and stayed so.").dates
    assert (day.first, day.other, day.said) == (date(2024, 3, 3), None, said)


def test_a_number_behind_a_month_is_no_year_without_such_a_sign() -> None:
    first, last = look("From 1 May-15 June, at 3 March 12 people came.").dates[:2]
    assert (first.first, last.first) == (date(2026, 5, 1), date(2026, 6, 15))
    assert [each.first.year for each in look("On 3 March 12 people came.").dates] == [2026]


@pytest.mark.parametrize(
    ("text", "language", "first", "last"),
    [
        ("It broke in June of last year.", "en", date(2025, 6, 1), date(2025, 6, 30)),
        ("It broke on 3 May last year.", "en", date(2025, 5, 3), date(2025, 5, 3)),
        ("It broke on May 3rd of last year.", "en", date(2025, 5, 3), date(2025, 5, 3)),
        ("Kaputt seit Mai letzten Jahres.", "de", date(2025, 5, 1), date(2025, 5, 31)),
        ("Roto desde el 3 de mayo del año pasado.", "es", date(2025, 5, 3), date(2025, 5, 3)),
        ("Cassé le 3 mai de l'année dernière.", "fr", date(2025, 5, 3), date(2025, 5, 3)),
    ],
)
def test_a_month_of_last_year_is_last_years(text: str, language: str, first: date, last: date) -> None:
    (day,) = look(text, language=language).dates
    assert (day.first, day.last) == (first, last)


@pytest.mark.parametrize("said", ["² weeks", "½ year", "\u0663 weeks", "①② days"])
def test_signs_that_only_look_like_figures_harm_nobody(said: str) -> None:
    for language in ("en", "de", "fr", "es"):
        for text in (f"It broke {said} ago.", f"vor {said}", f"hace {said}", f"il y a {said}", f"€{said}"):
            look(text, language=language)


@pytest.mark.parametrize("said", ["1.5 years", "2,5 months", "half a year", "a year and a half"])
def test_a_count_with_a_part_is_no_other_count(said: str) -> None:
    assert not look(f"It broke {said} ago.").dates


def test_days_too_far_ahead_or_back_are_not_offered() -> None:
    assert not look("Born on 3 May 1961, paid until 2031-01-01, on 31/02/2026 nothing.").dates


def test_a_reference_is_told_by_the_word_that_names_it() -> None:
    found = look("Order number AB-12345, invoice 2026-118, booking QX7ZR2, ticket #48213, ref 998877.").references
    assert [(each.kind, each.value, each.named_by) for each in found] == [
        ("order", "AB-12345", "order"),
        ("invoice", "2026-118", "invoice"),
        ("booking", "QX7ZR2", "booking"),
        ("ticket", "48213", "ticket"),
        ("reference", "998877", "ref"),
    ]


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("Invoice 2026/11/0045 is wrong.", "invoice", ["2026/11/0045"]),
        ("Order ID: ORD-2026-11-19-0007, please.", "order", ["ORD-2026-11-19-0007"]),
        ("Ticket 2026-11-19-0007 is closed.", "ticket", ["2026-11-19-0007"]),
        ("The return has RMA 4471-09.", "reference", ["4471-09"]),
        ("RMA: 88213", "reference", ["88213"]),
        ("Police crime number 4200119/26", "reference", ["4200119/26"]),
        ("My orders 55671, 55682 and 55693 are late.", "order", ["55671", "55682", "55693"]),
        ("Order numbers 5567 and 5568 are late.", "order", ["5567", "5568"]),
        ("Facturas 20145 y 20146.", "invoice", ["20145", "20146"]),
    ],
)
def test_a_reference_may_hold_a_date_or_stand_in_a_list(text: str, kind: str, values: list[str]) -> None:
    found = look(text)
    assert [(each.kind, each.value) for each in found.references] == [(kind, value) for value in values]
    assert not found.dates


def test_a_date_behind_such_a_word_stays_a_date() -> None:
    text = "The order of 2026-11-02, invoice 05/06/2026 and the bill XX/XX/2019, order 55671 and 5000 people."
    found = look(text)
    assert [each.said for each in found.dates] == ["2026-11-02", "05/06/2026"]
    assert [each.value for each in found.references] == ["55671"]


def test_counts_years_and_measures_behind_such_a_word_are_no_reference() -> None:
    assert not look("My order of 2 kettles in 2023 had a 1500ml one, invoice 2024 was right.").references


@pytest.mark.parametrize(
    "written",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "order number 4111111111111111",
        "378282246310005",
        "ref 4111.1111.1111.1111",
        "order AB4111111111111111",
        "invoice 4111/1111/1111/1111",
        "order 4111_1111_1111_1111",
        "order 411111111111111\uff11",
        "order \uff14\uff11\uff11\uff11111111111111",
    ],
)
def test_a_card_number_is_never_offered_whatever_it_is_called(written: str) -> None:
    found = look(f"Please refund {written} today.")
    assert not found.references
    assert "1111111" not in repr(found)
    assert "8282246" not in repr(found)
    assert all(each.ending in {"1111", "0005"} for each in found.cards)


def test_a_card_and_a_bank_account_are_named_by_their_last_four_signs() -> None:
    found = look("Card 4111 1111 1111 1111 or account DE89 3704 0044 0532 0130 00, please.")
    assert [(each.kind, each.ending) for each in found.cards] == [("card", "1111"), ("iban", "3000")]


@given(st.integers(10**11, 10**18 - 1), st.sampled_from(["", " ", "-"]), st.sampled_from(["", "order ", "no. "]))
def test_no_number_with_a_right_check_digit_leaves_the_text(head: int, parted: str, named: str) -> None:
    digits = next(f"{head}{last}" for last in range(10) if passes_luhn(f"{head}{last}"))
    written = parted.join(digits[at : at + 4] for at in range(0, len(digits), 4))
    found = look(f"It is {named}{written} of mine.")
    assert len(digits) < 13 or not found.references
    assert len(digits) < 13 or [each.ending for each in found.cards] == [digits[-4:]]


def test_the_filed_product_is_found_by_its_own_name_alone() -> None:
    found = found_in(
        "The EXTENDED care kettle broke, extended care is poor.", today=TODAY, product="Extended Care Kettle"
    )
    assert [each.said for each in found.products] == ["EXTENDED care kettle"]
    assert not found_in("My kettle broke.", today=TODAY, product="Extended Care Kettle").products


def test_what_is_said_twice_is_offered_once() -> None:
    found = look("€20 on 2026-05-03, again €20 on 3 May 2026 for order 12345, I repeat order 12345.")
    assert (len(found.amounts), len(found.dates), len(found.references)) == (1, 1, 1)


@given(HOSTILE, LANGUAGES, st.dates(date(1990, 1, 1), date(2190, 12, 31)))
@example("1" * 5000, "en", TODAY)
@example("last year a year ago in May 29 February", "en", date(2028, 2, 29))
@example("tomorrow 2026-05-03 twelve months ago", "en", date(2028, 12, 31))
def test_any_text_is_answered_and_every_place_is_true(text: str, language: str, today: date) -> None:
    found = found_in(text, today=today, language=language, product="AB-12")
    said = [(each.start, each.end, each.said) for each in found.amounts]
    said += [(each.start, each.end, each.said) for each in found.dates]
    said += [(each.start, each.end, each.said) for each in found.products]
    assert all(text[start:end] == quoted != "" for start, end, quoted in said)
    for named in found.references:
        assert text[named.start : named.end] == named.value
        assert named.kind in REFERENCE_KINDS
    for card in found.cards:
        assert re.sub(r"[^0-9A-Za-z]", "", text[card.start : card.end]).upper().endswith(card.ending)
    for amount in found.amounts:
        for code in amount.candidates or (amount.currency or "",):
            assert Money.of(str(amount.value), code).amount == amount.value
    for day in found.dates:
        assert day.first <= day.last
        assert day.first.year <= today.year + 1


@given(HOSTILE)
def test_no_more_of_a_kind_is_offered_than_its_limit(text: str) -> None:
    found = look(text * 50)
    assert len(found.amounts) <= AMOUNTS_MAX
    assert len(found.dates) <= DATES_MAX
    assert len(found.references) <= REFERENCES_MAX
    assert len(found.cards) <= CARDS_MAX
    assert len(found.products) <= MENTIONS_MAX


def test_an_answer_does_not_depend_on_what_lies_beyond_the_limit() -> None:
    text = "x" * TEXT_LIMIT_CHARACTERS + " €20 yesterday"
    assert look(text) == NOTHING_FOUND


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1,",
        "1 ",
        "1.1",
        "$1 000 ",
        "1-",
        "12/12/",
        "order number ",
        "order 1 ",
        "a ago ",
        "last last ",
        "4111 1111 ",
        "DE89 ",
        "five hundred and ",
        "in May ",
        " dollars",
        "AB-",
        "\u00a0",
        "'",
        "<b>",
        "\u200b",
        "\u202e",
        "🙂",
        "İ",
        "\0",
        "QUJD",
    ],
)
def test_a_megabyte_of_anything_costs_no_more_than_its_first_twenty_thousand_signs(unit: str) -> None:
    text = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    start = time.process_time()
    look(text)
    assert time.process_time() - start < 0.25  # some milliseconds when nothing else runs


def test_only_so_many_numbers_of_one_text_are_looked_at() -> None:
    text = "7 " * NUMBERS_MAX + "and €20"
    assert not look(text).amounts
    assert look(text[2:]).amounts


def test_random_bytes_are_answered() -> None:
    noise = random.Random(7)
    for _ in range(200):
        look(noise.randbytes(2_000).decode("latin-1"))
        look(noise.randbytes(2_000).decode("utf-8", "surrogateescape"))


def test_the_written_texts_are_read_as_the_documents_say() -> None:
    assert len(list(mentions())) >= 200
    scores = mention_scores()
    for half in HALVES:
        for kind in KINDS:
            assert scores[half, kind].precision >= 0.9, (half, kind)
            assert scores[half, kind].recall >= 0.85, (half, kind)


@given(st.integers(0, 400))
def test_days_ago_are_counted_to_the_day(days: int) -> None:
    found = look(f"It was {days} days ago.").dates
    assert [each.first for each in found] == ([TODAY - timedelta(days=days)] if days else [])


@pytest.mark.parametrize("text", ["order 2231 4111 1111 1111 1111", "ref 12-4111-1111-1111-1111-07"])
def test_a_card_number_among_further_groups_is_no_reference(text: str) -> None:
    found = look(text)
    assert "4111" not in "".join(each.value for each in found.references)


def test_an_order_number_of_long_groups_stays_one_though_two_of_them_would_pass_as_a_card() -> None:
    groups = [("114", str(number), "1234567") for number in range(7_000_000, 7_000_040)]
    chance = [each for each in groups if passes_luhn("".join(each[1:])) and not passes_luhn("".join(each))]
    assert len(chance) >= 2
    for each in chance:
        (reference,) = look(f"My order {'-'.join(each)} is late.").references
        assert reference.value == "-".join(each)
