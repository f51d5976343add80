"""The one-process run leads customers to itself, unless it is told where they reach it."""

import pytest

from services.intake.settings import IntakeSettings
from services.launch.embedded import changed, public_url
from services.notify.settings import NotifySettings
from shared.runtime.settings import load


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("127.0.0.1", "8000", "http://127.0.0.1:8000/"),
        ("127.0.0.1", "8123", "http://127.0.0.1:8123/"),
        ("desk.example", "8123", "http://desk.example:8123/"),
        ("0.0.0.0", "8123", "http://127.0.0.1:8123/"),
        ("::", "8123", "http://[::1]:8123/"),
        ("127.0.0.1", "0", "http://127.0.0.1:8000/"),
    ],
)
def test_links_lead_to_the_port_that_is_listened_on(
    monkeypatch: pytest.MonkeyPatch, host: str, port: str, address: str
) -> None:
    monkeypatch.setenv("RECOURSE_HOST", host)
    monkeypatch.setenv("RECOURSE_PORT", port)
    found = public_url(load(IntakeSettings))
    assert str(found) == address
    assert str(changed(load(NotifySettings), public_url=found).public_url) == address


def test_an_address_that_was_given_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOURSE_PORT", "8123")
    monkeypatch.setenv("RECOURSE_PUBLIC_URL", "https://disputes.example.com")
    assert str(public_url(load(IntakeSettings))) == "https://disputes.example.com/"
