"""Only this installation can make a name that comes back."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messages import links
from shared.runtime.sealing import BrokenSeal, Sealer
from tests.builders import SECRET_KEY

OURS, THEIRS = Sealer(SECRET_KEY), Sealer(SECRET_KEY[::-1])
DISPUTE, DELIVERY = uuid4(), uuid4()


@pytest.mark.parametrize("separator", ["+", "="])
@pytest.mark.parametrize("fold", [str, str.upper])
def test_a_reply_address_leads_to_its_dispute_even_when_its_case_was_folded(separator: str, fold: type[str]) -> None:
    address = links.reply_address(OURS, DISPUTE, "reply", "help.example", separator)
    assert links.read_reply_address(OURS, fold(address)) == DISPUTE


def test_a_reply_address_made_elsewhere_or_changed_leads_nowhere() -> None:
    address = links.reply_address(OURS, DISPUTE, "reply", "help.example")
    assert links.read_reply_address(THEIRS, address) is None
    assert links.read_reply_address(OURS, address.replace(DISPUTE.hex, uuid4().hex)) is None


def test_a_message_id_tells_dispute_and_delivery() -> None:
    text = links.message_id(OURS, DISPUTE, DELIVERY, "help.example")
    assert links.read_message_id(OURS, text) == links.SentMessage(DISPUTE, DELIVERY)
    assert links.read_message_id(OURS, f" {text.strip('<>')} ") == links.SentMessage(DISPUTE, DELIVERY)
    assert links.read_message_id(THEIRS, text) is None


def test_a_link_for_one_purpose_opens_no_other_door() -> None:
    token = links.link_token(OURS, "follow-up", DISPUTE, "1")
    assert links.read_link_token(OURS, "follow-up", token) == (DISPUTE, "1")
    assert links.read_link_token(OURS, "portal", token) is None
    assert links.read_link_token(OURS, "follow-up", token.replace(".1.", ".2.")) is None


@given(st.text(max_size=400))
def test_any_text_is_read_as_ours_or_not_and_never_fails(text: str) -> None:
    assert links.read_reply_address(OURS, text) is None
    assert links.read_message_id(OURS, text) is None
    assert links.read_link_token(OURS, "follow-up", text) is None
    assert not OURS.holds("reply", b"x", text)


@given(st.uuids(), st.text(max_size=200))
def test_what_was_encrypted_comes_back_only_for_its_purpose(dispute: UUID, text: str) -> None:
    sealed = OURS.encrypt("a", text)
    assert OURS.decrypt("a", sealed) == text
    with pytest.raises(BrokenSeal):
        OURS.decrypt("b", sealed)
    with pytest.raises(BrokenSeal):
        THEIRS.decrypt("a", sealed)
