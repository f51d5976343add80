"""Chats and mail threads filed as a complaint: the company's words are not taken for the customer's, and no place moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.categorise import Categoriser, read_complaint, read_signals
from services.intake.categorise.others import LEFT_OUT, left_out, spans_of_others
from services.intake.categorise.reading import BREAK, OWN_WORDS_LEAST, read_both
from services.intake.categorise.speakers import Side, side_of

CATEGORISER = Categoriser.load()
OWN = "The parcel never came, where is my order?"
HOUSE = "I understand that you are furious, I will charge your card twice, my lawyer says it is urgent."
NAMED = ("legal_threat", "urgent", "angry")
"""What HOUSE would show of a customer."""

CHATS = {
    "labels alone": "Agent: {house}\nCustomer: {own}",
    "the customer first": "Customer: {own}\nAgent: {house}",
    "a time in brackets, a name in others": "[10:02] Support (Anna): {house}\n[10:03] Visitor 4711: {own}",
    "seconds": "10:03:12 Advisor Kim: {house}\n10:03:40 Jane Doe: {own}",
    "twelve hours": "(10:03:12 AM) Visitor 4711: {own}\n(10:04:01 AM) Kim: {house}",
    "time since the beginning": "( 1m 12s ) Agent: {house}\n( 1m 40s ) Client: {own}",
    "a day": "12/05/2026, 10:02 - Me: {own}\n12/05/2026, 10:03 - Anna: {house}",
    "a day by the standard": "2026-05-12 10:02:00 Bot: {house}\n2026-05-12 10:03:00 User: {own}",
    "a day by the standard, exactly": "2026-05-12T10:02:00.120Z Bot: {house}\n2026-05-12T10:02:03.500Z Jane: {own}",
    "a day in words": "May 3, 2026 10:02 AM - Agent Kim: {house}\n3 May 2026, 10:03 - Jane: {own}",
    "the time behind": "Anna (10:02): {house}\nVisitor (10:03): {own}\nAnna (10:04): Anything else?",
    "a name in angles": "<Anna> {house}\n<Guest 12> {own}\n<Anna> Anything else?",
    "bold": "**Agent:** {house}\n**Customer:** {own}",
    "bold before the colon": "**Agent**: {house}\n**Customer**: {own}",
    "several lines of one turn": "Agent: Hello Jane.\n{house}\n\nOne more thing: {house}\nCustomer: {own}\nAgent: Bye.",
    "a bot, then a person": "Bot: How may we help?\nVisitor: Hello\nKim: {house}\nVisitor: {own}\nKim: {house}",
    "a person and a name": "Representative: {house}\nJane Doe: {own}\nRepresentative: {house}",
    "a name with its office": "Anna from Shop Support: {house}\nJane: {own}\nAnna from Shop Support: {house}",
    "customer care": "Customer Care: {house}\nCustomer: {own}",
    "line ends of letters": "Agent: {house}\r\nCustomer: {own}\r\n",
    "German": "Kundenservice: {house}\nKunde: {own}",
    "French": "Conseillère Zoé: {house}\nClient: {own}",
    "French, the space before the colon": "Conseiller : {house}\nMoi : {own}",
    "Spanish": "Agente: {house}\nCliente: {own}",
    "in capitals": "AGENT: {house}\nCUSTOMER: {own}",
    "in small letters": "agent: {house}\nme: {own}",
    "after some words": "I had this chat:\nAgent: {house}\nMe: {own}",
}
CHATS |= {
    "a customer and a name, once": "Customer: {own}\nAnna: {house}",
    "a name and an agent, once": "Jane Doe: {own}\nAgent: {house}",
    "an agent and a name, once": "Agent: {house}\nJane Doe: {own}",
    "names in small letters": "[10:02] Agent: {house}\n[10:03] jane_doe: {own}\n[10:04] Agent: Bye.",
    "a customer with a name": "Anna (Support): {house}\nJane (me): {own}",
    "an unknown sign of whom": "[10:02] Agent: {house}\n[10:03] the one with order 12: {own}\n[10:04] Jane: Thanks.\n[10:05] Agent: Bye.",
    "a telephone number": "[12/05/2026, 10:02:33] +44 7700 900123: {own}\n[12/05/2026, 10:02:59] Shop Support: {house}",
    "a mail address": "[10:01] Agent: Hi.\n[10:02] jane@home.example: {own}\n[10:03] Agent: {house}",
    "a name that cannot be read": "[10:01] Agent: Hi.\n[10:02] Doe, Jane: {own}\n[10:03] Agent: {house}\n[10:04] Jane: Bye.",
    "numbered": "Visitor #4711: {own}\nAnna: {house}\nVisitor #4711: Thank you",
}
THREADS = {
    "on a day": "{own}\n\nOn 3 May 2026 at 10:00, Support <help@shop.example> wrote:\n{house}",
    "on two lines": "{own}\n\nOn Sun, 3 May 2026 at 10:00, Support\n<help@shop.example> wrote:\n\n{house}",
    "without an address": "{own}\nOn 03/05/2026 10:00, Shop Support wrote:\n{house}",
    "a divider": "{own}\n\n-----Original Message-----\nFrom: Shop\nSent: Sunday\nTo: Jane\nSubject: Re: order\n\n{house}",
    "looking forward": "{own} I look forward to your answer.\n\nOn 3 May 2026 at 10:00, Your Shop <a@b.example> wrote:\n{house}",
    "having written": "{own} I wrote to you, no reply to my mail.\n\nOn 3 May 2026 at 10:00, Shop <a@b.example> wrote:\n{house}",
    "the day behind": "{own}\n\nFrom: Shop <a@b.example>\nTo: Jane\nDate: Sunday\nSubject: Re: order\n\n{house}",
    "without a subject": "{own}\n________________________________\nFrom: Shop\nSent: Sunday\nTo: Jane\n\n{house}",
    "a rule": "{own}\n________________________________\nFrom: Shop <a@b.example>\nSent: Sunday\nTo: Jane\nSubject: x\n\n{house}",
    "header fields alone": "{own}\n\nFrom: Shop <a@b.example>\nSent: Sunday\nTo: Jane\nSubject: Re: order\n\n{house}",
    "header fields in bold": "{own}\n\n*From:* Shop\n*Date:* Sunday\n*To:* Jane\n*Subject:* Re: order\n\n{house}",
    "header fields on one line": "{own}\nFrom: Shop Sent: Sunday 10:00 To: Jane Subject: Re: order\n{house}",
    "German": "{own}\n\nVon: Shop\nGesendet: Sonntag\nAn: Jane\nBetreff: AW: Paket\n\n{house}",
    "German, written": "{own}\n\nAm So., 3. Mai 2026 um 10:00 Uhr schrieb Shop <a@b.example>:\n\n{house}",
    "French": "{own}\n\nLe dim. 3 mai 2026 à 10:00, Boutique <a@b.example> a écrit :\n\n{house}",
    "French fields": "{own}\n\nDe : Boutique\nEnvoyé : dimanche\nÀ : Jane\nObjet : colis\n\n{house}",
    "Spanish": "{own}\n\nEl dom, 3 may 2026 a las 10:00, Tienda (<a@b.example>) escribió:\n\n{house}",
    "Spanish fields": "{own}\n\nDe: Tienda\nEnviado el: domingo\nPara: Jane\nAsunto: paquete\n\n{house}",
    "marked lines below": "{own}\n\nOn 3 May 2026 at 10:00, Support <help@shop.example> wrote:\n> {house}\n",
}


@pytest.mark.parametrize("written", [*CHATS.values(), *THREADS.values()], ids=[*CHATS, *THREADS])
def test_the_companys_words_are_not_taken_for_the_customers(written: str) -> None:
    category, signals = read_complaint(CATEGORISER, "", written.format(own=OWN, house=HOUSE))
    assert {signal.name for signal in signals}.isdisjoint(NAMED)
    assert category.name == read_complaint(CATEGORISER, "", OWN)[0].name
    assert not any(reason in HOUSE for reason in category.reasons)


@pytest.mark.parametrize("written", [*CHATS.values(), *THREADS.values()], ids=[*CHATS, *THREADS])
def test_the_same_words_of_the_customer_are_read(written: str) -> None:
    text = written.format(own=f"{OWN} I am furious and I will sue you.", house="How can we help you today?")
    found = {signal.name: signal.evidence for signal in read_complaint(CATEGORISER, "", text)[1]}
    assert (found.get("angry"), "legal_threat" in found) == ("furious", True)


@pytest.mark.parametrize("written", [*CHATS.values(), *THREADS.values()], ids=[*CHATS, *THREADS])
def test_a_danger_counts_although_the_company_names_it(written: str) -> None:
    text = written.format(own=OWN, house="So your charger caught fire yesterday evening?")
    assert "safety" in {signal.name for signal in read_complaint(CATEGORISER, "", text)[1]}


def test_quoted_mail_alone_shows_no_feeling_but_a_danger() -> None:
    names = {
        signal.name for signal in read_signals("", "> If you are furious, call the ombudsman: it may have caught fire.")
    }
    assert names == {"calm", "safety"}


def test_an_insult_of_the_companys_agent_counts() -> None:
    text = f"Agent: Go back where you came from, we serve no foreigners.\nCustomer: {OWN}"
    assert "discrimination" in {signal.name for signal in read_signals("", text)}


def test_the_company_shouting_does_not_raise_the_customers_voice() -> None:
    text = f"Agent: WELCOME TO OUR SUPPORT TEAM!! You WILL BE SERVED SHORTLY.\nCustomer: {OWN}"
    assert [(each.name, each.evidence) for each in read_signals("", text)] == [("calm", OWN)]


NO_CHATS = {
    "a form": "Customer: John Smith Junior\nAgent: Anna\nThe kettle exploded after a week.",
    "a form with a description": "Customer: John Smith\nAgent: Anna\nDescription: The kettle exploded after a week.",
    "a form of fields": "Order number: 4711\nProduct: Kettle\nProblem: exploded\nAgent notes: customer is angry",
    "a list of faults": "Delivery: late by a week\nCustomer service: rude and never there\nProduct: broken",
    "two faults": "Customer service: rude and never there\nFood: cold as ice every time",
    "an entry beside the customer's": "Customer: John Smith, 12 High Street\nKettle: the handle broke after two days",
    "one speaker": "Agent: you are furious\nand I do not know what to do about it",
    "what agents said": "Agent 1: said a refund comes\nAgent 2: said there is none\nAgent 1: hung up on me, I will sue",
    "a diary": "Support: called twice in vain\nSupport: called again, was told to wait\nEngineer: came and left at once",
    "names alone": "Anna: I will sue you\nJane: the parcel is late\nAnna: really",
    "a sentence": "The agent said: no refund.\nThe customer is told: wait.\nThe agent said: wait.",
    "a link and a time": "http://shop.example/agent: it fails\n10:30: I called\nAgent was rude: he laughed",
    "a diary of calls": "10:02 Support: no answer for an hour\n10:45 Agent Kim: refused it, hung up\n11:15 Me: wrote a mail",
    "a diary of whom one called": "3 May 10:02 - called support: your line was dead\n4 May 10:05 - rang agent: said your fault\n5 May 10:00 - me: sent a mail",
    "a review": "Food: cold as ice\nStaff: rude all evening\nFood: again cold\nSupport: none at all, I am furious",
    "a form of a computer": "User: jane\nSystem: Windows 11 with all the updates\nBrowser: Firefox\nThe app crashes.",
    "a hotel's form": "Guest: Jane Doe, room 12\nStaff: the night manager was rude and threatened me\nThe room was dirty",
    "a bank's lines": "03/05/2026 10:02 SYSTEM SHOP: 49.99\n03/05/2026 10:03 BOOKS: 49.99\nI was charged twice",
    "a diary of weekdays": "Monday 10:02: your agent refused\nTuesday 10:30: you hung up on me\nme: furious since then",
    "a letter's opening": "Dear Support: your agent hung up on me twice.\nRegards: Jane, your customer",
    "an opening and an address": "Support team: you charged me twice, I want my money.\nJane Doe: 12 High Street",
    "two of a household": "My wife: ordered the kettle and was told you are sorry\nMe: called twice about it and you said no",
    "a form with an order": "Order: 4711\nAgent: he refused, it seems your bank is at fault\nCustomer: Jane Doe of 12 High Street",
    "a form in German": "Bestellnummer: 4711\nMitarbeiter: sagte mir, Sie erstatten nichts\nKunde: Max Muster, Hauptstraße 12",
    "how long one is a customer": "Kundenservice: nie erreichbar, bitte um Rückruf\nLieferung: zu spät\nKunde seit: 2010",
    "one line": "Agent: hello Customer: my kettle exploded",
    "letter head": "From: Jane Doe\nTo: Shop Support\nDate: 3 May 2026\nSubject: Complaint\n\nThe kettle exploded after a week.",
    "a web form": "A form was sent in\nFrom: jane@home.example\nDate: 3 May 2026\nSubject: Kettle\n\nIt exploded.",
    "told by the customer": "On 3 May at 10:00 you wrote:\nwe will refund you.\nNothing came, where is the money?",
    "a day": "The kettle exploded.\nOn 3 May your support wrote\nthat I would get a refund, and nothing came.",
    "a forwarded mail": f"Please look into it, thanks.\n\n---------- Forwarded message ---------\nFrom: Jane <j@d.example>\nDate: Sun\nSubject: x\nTo: Shop\n\n{OWN}",
    "a mail handed on": f"See the mail of a customer below, thanks.\n\nFrom: Jane\nSent: Sunday\nTo: Shop\nSubject: x\n\n{OWN}",
    "a mail of one's own": f"{OWN}\nOn 3 May 2026 at 10:00, I wrote:\nplease refund what I paid, it came twice.",
    "a mail of one's own, in German": f"{OWN}\nAm 3. Mai um 10:00 Uhr schrieb ich Ihnen:\nBitte um Erstattung.",
    "what a mail said": f"{OWN}\nOn 5 May 2026 at 10:00 Support wrote:\nno refund.\nThis is outrageous.",
    "what the shop said": f"{OWN}\nOn 5 May 2026 at 10:00, the shop wrote:\nno refund.\nThis is outrageous.",
    "a journey": "We booked with you.\nFrom: Berlin\nTo: Paris\nDate: 3 May 2026\nThe flight was cancelled.",
    "a journey on one line": "We booked with you.\nFrom: Berlin To: Paris Date: 3 May 2026\nThe flight was cancelled.",
    "a parcel's label": f"It says this.\nFrom: Jane Doe, Berlin\nTo: John, Paris\nSent: 3 May 2026\n{OWN}",
    "a letter below a word on it": f"This is my complaint.\n\nFrom: Jane Doe\nTo: Shop\nDate: 3 May\nSubject: Parcel\n\n{OWN}",
    "no answer to it": f"I got no answer to this.\n\nOn Sun, 3 May 2026 at 10:00, Jane Doe <jane@home.example> wrote:\n{OWN}",
    "nearly nothing above": f"Any news?\n\nOn 3 May 2026 at 10:00, Jane <jane@home.example> wrote:\n{OWN}",
    "nearly nothing of the customer": f"Agent: {HOUSE}\nCustomer: Yes\nAgent: Bye",
}


@pytest.mark.parametrize("text", NO_CHATS.values(), ids=NO_CHATS)
def test_what_is_no_chat_and_no_answer_is_read_as_it_stands(text: str) -> None:
    plain, blind = read_both("A complaint about my order", text, product=None)
    assert plain is blind
    assert plain.others == ()


def test_a_subject_that_says_forwarded_hands_the_message_on() -> None:
    text = f"This one is for your team please.\n\nFrom: Jane\nSent: Sunday\nTo: Shop\nSubject: x\n\n{OWN}"
    assert read_both("WG: Parcel", text, product=None)[0].others == ()
    assert read_both("Parcel", text, product=None)[0].others != ()


def test_the_customers_first_mail_at_the_end_of_a_thread_is_read() -> None:
    thread = (
        "Is there any news about my order?\n\n"
        f"On 5 May 2026 at 10:00, Shop Support <help@shop.example> wrote:\n{HOUSE}\n\n"
        f"On 4 May 2026 at 09:00, Jane Doe <jane@home.example> wrote:\n{OWN}\n\n"
        f"On 3 May 2026 at 09:00, Kim <kim@shop.example> wrote:\n{HOUSE}\n"
    )
    divided = thread.replace("On 5 May", "------- Original Message -------\nOn 5 May")
    for each in (thread, divided):
        _, own = read_both("", each, product=None)
        assert "parcel never came" in own.normalised
        assert "furious" not in own.normalised
    unaddressed = thread.replace(" <jane@home.example>", "")
    assert "parcel never came" not in read_both("", unaddressed, product=None)[1].normalised


def test_a_thread_by_header_fields_is_read_by_their_authors() -> None:
    block = "From: {author}\nSent: Sunday\nTo: {other}\nSubject: Re: order\n\n{said}\n\n"
    theirs = block.format(author="Shop <help@shop.example>", other="jane@home.example", said=HOUSE)
    hers = block.format(author="Jane <jane@home.example>", other="help@shop.example", said=OWN)
    rule = "_" * 32
    _, own = read_both("", f"Is there any news about it?\n\n{rule}\n{theirs}{rule}\n{hers}", product=None)
    assert "parcel never came" in own.normalised
    assert "furious" not in own.normalised


def test_answers_between_marked_lines_are_read() -> None:
    text = f"Hello, here we go again.\n\nOn 3 May 2026 at 10:00, Support wrote:\n> Where is it?\n{OWN}\n> Bye, your lawyer\n"
    reading, own = read_both("", text, product=None)
    assert "parcel never came" in own.normalised
    assert [reading.text[start:end] for start, end in reading.others] == ["> Where is it?", "> Bye, your lawyer"]


@pytest.mark.parametrize("between", ["\n\n", "\n", "\r\n", "\n \n"])
@pytest.mark.parametrize("label", ["Agent:", "[10:02] Agent:", "Agent:\n"])
def test_what_is_said_below_a_chat_is_the_customers(between: str, label: str) -> None:
    text = f"{label} {HOUSE}\nMe: {OWN}\n{label} We cannot help you with that.{between}I am done with you and I will sue you."
    assert "angry" not in {signal.name for signal in read_signals("", text)}
    assert "legal_threat" in {signal.name for signal in read_signals("", text)}


def test_a_field_below_a_chat_is_the_customers() -> None:
    text = f"Agent: {HOUSE}\nMe: {OWN}\nAgent: We cannot help you with that.\nSummary: the kettle broke and I will sue you."
    assert "legal_threat" in {signal.name for signal in read_signals("", text)}


def test_no_reason_and_no_evidence_runs_across_the_companys_words() -> None:
    text = "Customer: my card was charged\nAgent: Sorry for that.\nCustomer: twice for one order, so I will\nAgent: Yes?\nMe: sue"
    category, signals = read_complaint(CATEGORISER, "", text)
    assert not any("Agent" in words for words in (*category.reasons, *(signal.evidence for signal in signals)))


def test_a_german_chat_is_read_without_the_companys_words_too() -> None:
    own = "Mein Paket ist nie angekommen, wo ist die Bestellung?"
    text = f"Kunde: {own}\nMitarbeiter: Sie wurden doppelt belastet, zweimal abgebucht, die Rechnung ist falsch.\nKunde: Bitte um Antwort."
    category, _ = read_complaint(CATEGORISER, "", text)
    assert (category.language, category.name) == ("de", "service_delivery")


@pytest.mark.parametrize(
    ("label", "side"),
    [
        ("Agent", Side.HOUSE), ("support team", Side.HOUSE), ("Customer Service", Side.HOUSE), ("Service client", Side.HOUSE),
        ("Atención al cliente", Side.HOUSE), ("Kundenberater Max", Side.HOUSE), ("Help desk", Side.HOUSE), ("Agent 7", Side.HOUSE),
        ("Virtual Assistant", Side.MACHINE), ("System", Side.MACHINE), ("ShopBot", Side.NAME), ("Chatbot", Side.MACHINE),
        ("Visitor 4711", Side.CUSTOMER), ("me", Side.CUSTOMER), ("I", Side.CUSTOMER), ("Kunde", Side.CUSTOMER), ("Cliente", Side.CUSTOMER),
        ("Anna", Side.NAME), ("Anna Smith", Side.NAME), ("anna", Side.NAME), ("anna is here", Side.NOBODY), ("Customer number", Side.NOBODY),
        ("Agent said", Side.NOBODY), ("Please note", Side.NOBODY), ("Service", Side.NAME), ("Called support", Side.NOBODY), ("Dear Agent", Side.NOBODY),
        ("My husband", Side.CUSTOMER), ("Meine Frau", Side.CUSTOMER), ("My agent", Side.HOUSE), ("", Side.NOBODY), ("---", Side.NOBODY),
    ],
)  # fmt: skip
def test_a_label_tells_whose_words_follow(label: str, side: Side) -> None:
    assert side_of(label) is side


unlabelled = st.text(st.characters(exclude_characters=":>"), max_size=300)
lines = st.lists(
    st.sampled_from(
        [
            "Agent: ", "Customer: ", "[10:02] Kim: ", "<Anna> ", "10:03:12 Bot: ", "> ", "On 3 May 2026 at 10:00, Shop wrote:",
            "From: a Sent: b To: c", "-----Original Message-----", "\n", "\n\n", OWN, HOUSE, "İ", "é\u0301", "\u200b", "Note: ", "\r\n",
        ]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@given(subject=st.text(max_size=30), description=unlabelled)
def test_a_text_without_labels_is_untouched(subject: str, description: str) -> None:
    plain, blind = read_both(subject, description, product=None)
    assert plain is blind
    assert plain.others == ()


@given(subject=st.text(max_size=30), description=lines | st.text(max_size=300))
def test_nothing_moves_and_what_is_left_is_the_customers(subject: str, description: str) -> None:
    plain, blind = read_both(subject, description, product=None)
    assert blind.text == plain.text
    assert len(blind.normalised) == len(plain.normalised) == len(plain.text) + 2
    assert blind.normalised == f" {left_out(plain.normalised[1:-1], plain.others, sign=' ')} "
    ends = [0, *(place for span in plain.others for place in span), len(plain.text)]
    assert ends == sorted(ends)
    if plain.others:
        assert len(blind.normalised[plain.break_at + len(BREAK) :].split()) >= OWN_WORDS_LEAST


@given(text=lines)
def test_the_signs_of_others_are_left_out_one_for_one(text: str) -> None:
    whole = BREAK + text
    spans = spans_of_others(whole, 0, len(BREAK) - 1)
    own = left_out(whole, spans, sign=LEFT_OUT)
    kept = [at for at in range(len(whole)) if not any(start <= at < end for start, end in spans)]
    assert all(own[at] == whole[at] for at in kept)
    assert own.count(LEFT_OUT) == len(whole) - len(kept)


@given(subject=st.text(max_size=30), description=lines)
def test_evidence_and_reasons_stand_in_the_text(subject: str, description: str) -> None:
    category, signals = read_complaint(CATEGORISER, subject, description)
    text = read_both(subject, description, product=None)[0].text
    assert all(signal.evidence in text for signal in signals)
    assert all(reason in text for reason in category.reasons)
