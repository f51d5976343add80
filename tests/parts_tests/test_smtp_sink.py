from email.message import EmailMessage

import aiosmtplib
import pytest

from tests.parts.smtp_sink import SmtpSink


def _letter(to: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "desk@example.org", to, "Grüße"
    letter["Message-ID"] = "<1@example.org>"
    letter.set_content("Schöne Aussicht\n")
    return letter


async def _send(sink: SmtpSink, to: str = "ada@example.org", *, timeout: float = 5) -> None:  # noqa: ASYNC109 - aiosmtplib's own
    await aiosmtplib.send(_letter(to), hostname="127.0.0.1", port=sink.port, timeout=timeout, start_tls=False)


async def test_mail_is_kept_as_it_was_sent(smtp_sink: SmtpSink) -> None:
    await _send(smtp_sink)
    (kept,) = smtp_sink.messages("ada@example.org")
    assert kept.sender == "desk@example.org"
    assert kept.message["Subject"] == "Grüße"
    assert kept.message.get_content().strip() == "Schöne Aussicht"
    assert smtp_sink.messages("someone.else@example.org") == []


async def test_each_test_starts_with_an_empty_sink(smtp_sink: SmtpSink) -> None:
    assert smtp_sink.messages() == []


async def test_a_recipient_can_be_refused_for_ever_or_deferred(smtp_sink: SmtpSink) -> None:
    smtp_sink.answer("ada@example.org", "refuse recipient")
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await _send(smtp_sink)
    assert refused.value.recipients[0].code == 550
    smtp_sink.answer("ada", "defer recipient")
    smtp_sink.answer("ada@example.org", "accept")
    await _send(smtp_sink)
    assert len(smtp_sink.messages()) == 1


async def test_a_message_can_be_deferred_a_number_of_times(smtp_sink: SmtpSink) -> None:
    smtp_sink.answer("ada", "defer message", times=1)
    with pytest.raises(aiosmtplib.SMTPDataError) as deferred:
        await _send(smtp_sink)
    assert deferred.value.code == 452
    assert smtp_sink.messages() == []
    await _send(smtp_sink)
    assert len(smtp_sink.messages()) == 1


@pytest.mark.parametrize(("behaviour", "kept"), [("drop", 0), ("keep and drop", 1)])
async def test_the_line_can_drop_after_the_data_with_the_message_kept_or_lost(
    smtp_sink: SmtpSink, behaviour: str, kept: int
) -> None:
    smtp_sink.answer("ada", behaviour)  # type: ignore[arg-type]  # pytest's parameters are plain strings
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await _send(smtp_sink)
    assert len(smtp_sink.messages()) == kept


async def test_the_server_can_hang_after_the_data(smtp_sink: SmtpSink) -> None:
    smtp_sink.answer("ada", "hang")
    with pytest.raises(aiosmtplib.SMTPTimeoutError):
        await _send(smtp_sink, timeout=0.3)
