"""Flags as complaints to lenders, shops and makers of cars tell them, and what stands in such complaints without showing one."""

import pytest

from services.intake.categorise import read_signals


def flags(text: str) -> set[str]:
    return {signal.name for signal in read_signals("", text)[1:]}


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("My husband fell ill in March and I take care of him.", "vulnerable"),
        ("We are seniors and did not follow the screens.", "vulnerable"),
        ("There was a death in the family that week.", "vulnerable"),
        ("I missed the date, I was not at home due to illness.", "vulnerable"),
        ("I cannot even buy food until Friday.", "vulnerable"),
        ("I asked for a reasonable accommodation.", "vulnerable"),
        ("I am out of work since the spring.", "hardship"),
        ("I asked for a deferment and got no answer.", "hardship"),
        ("My hours were reduced and the loan is due.", "hardship"),
        ("I can no longer afford the instalments.", "hardship"),
        ("We applied for a loan modification twice.", "hardship"),
        ("I live paycheck to paycheck.", "hardship"),
        ("I am having trouble making the payments.", "hardship"),
        ("I reserve the right to pursue civil action.", "legal_threat"),
        ("I have spoken with legal council about it.", "legal_threat"),
        ("Otherwise I shall file a consumer lawsuit in the spring.", "legal_threat"),
        ("I am ready to pursue this legally.", "legal_threat"),
        ("The airbag light stays on.", "safety"),
        ("While driving at some 60 mph the display went blank.", "safety"),
        ("The car suddenly lost power and a lorry nearly hit us.", "safety"),
        ("There is an odour of fuel behind the seat.", "safety"),
        ("My children do not feel safe in it.", "safety"),
        ("The media outlets will like this.", "media"),
        ("I am going to contact newspapers as well.", "media"),
        ("I filed an FTC identity theft report.", "regulator"),
        ("I shall report you to the IRS.", "regulator"),
        ("I have sent this to the Consumer Financial Bureau.", "regulator"),
        ("You refused me because I belong to a minority; we are minorities here.", "discrimination"),
        ("You violated my civil rights.", "discrimination"),
        ("Both entries are to be removed from my file immediately.", "urgent"),
    ],
)
def test_what_complaints_say_is_flagged_with_words_of_the_text(text: str, flag: str) -> None:
    found = {signal.name: signal.evidence for signal in read_signals("", text)}
    assert flag in found
    assert found[flag] in text


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("I am sick and tired of your letters.", "vulnerable"),
        ("The car was disabled and had to be towed.", "vulnerable"),
        ("I receive sick pay.", "vulnerable"),
        ("Your firm has more than 85 years of experience.", "vulnerable"),
        ("My student loans are in deferment.", "hardship"),
        ("I am on the income driven repayment plan.", "hardship"),
        ("I am struggling with this app.", "hardship"),
        ("If I do not make the minimum payment you add interest.", "hardship"),
        ("I was told to not make payments during the dispute.", "hardship"),
        ("I was left with no choice.", "hardship"),
        ("The car behind us hooted.", "hardship"),
        ("They filed a lawsuit in the wrong county.", "legal_threat"),
        ("A caller keeps threatening legal action.", "legal_threat"),
        ("The bank has filed a suit to get the car.", "legal_threat"),
        ("The account was sent to an attorney by the seller.", "legal_threat"),
        ("It assumes civil liability under section 8.", "legal_threat"),
        ("I went to court as a juror that day.", "legal_threat"),
        ("This adds insult to injury.", "safety"),
        ("My hazard insurance was cancelled.", "safety"),
        ("That injury to my credit must end.", "safety"),
        ("It is all smoke and mirrors.", "safety"),
        ("I was billed for the ambulance ride.", "safety"),
        ("I have seen such offers in the media.", "media"),
        ("That is a violation of the CFPB rules.", "regulator"),
        ("State consumer protection laws forbid it.", "regulator"),
        ("The bank is a member FDIC.", "regulator"),
        ("The call took 58 sec.", "regulator"),
        ("I have opted out of arbitration.", "regulator"),
        ("The law prohibits any discrimination.", "discrimination"),
        ("The case was closed without prejudice to the seller.", "discrimination"),
        ("Such entries should be deleted immediately, says the law.", "urgent"),
        ("I contacted the shop by phone today.", "urgent"),
    ],
)
def test_what_only_sounds_like_it_in_complaints_raises_no_flag(text: str, flag: str) -> None:
    assert flag not in flags(text)


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("I am not working due to a serious medical condition.", "vulnerable"),
        ("The heater does not work which is dangerous in the frost.", "safety"),
        ("The lamp did not switch off making it hot enough to be a fire hazard.", "safety"),
    ],
)
def test_a_negation_ends_where_the_cause_or_the_consequence_is_told(text: str, flag: str) -> None:
    assert flag in flags(text)
