"""Mails and webhook bodies of other projects, read where they lie; skipped where they are not."""

from pathlib import Path

import pytest

from services.intake.inbound.ports import Arrived, Incoming, Unreadable, Unwanted
from services.intake.inbound.quoting import reply_of
from services.intake.inbound.senders import SENDERS
from tests.samples import others
from tests.services.intake.inbound.inlet import Inlet

FOLDERS = {"email": "mime", "slack": "slack", "postmark": "postmark"}


def bodies(folder: str) -> list[Path]:
    """The files of one folder that are bodies, not descriptions of them."""
    place = others("fixtures", folder, "dev")
    if not place.is_dir():
        pytest.skip("the third-party samples are not here")
    return sorted(each for each in place.iterdir() if each.is_file() and not each.name.endswith(".meta.json"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_is_read_without_an_exception(folder: str) -> None:
    sender = SENDERS[FOLDERS[folder]]
    found = bodies(folder)
    assert found
    for path in found:
        arrived = Arrived({}, path.read_bytes())
        assert isinstance(sender.read(arrived, {}), Incoming | Unwanted | Unreadable), path.name
        assert sender.dedup_key(arrived), path.name


@pytest.mark.parametrize("folder", FOLDERS)
async def test_each_comes_to_a_definite_end_and_is_kept_byte_by_byte(inlet: Inlet, folder: str) -> None:
    mouth = await inlet.open(FOLDERS[folder])
    sent: dict[str, bytes] = {}
    for path in bodies(folder):
        body = path.read_bytes()
        reply = await inlet.send(mouth, body)
        assert reply.status_code == 200, path.name
        sent.setdefault(reply.json().get("id", "handshake"), body)
    await inlet.settle()
    sent.pop("handshake", None)
    for delivery_id, body in sent.items():
        told = await inlet.became(delivery_id)
        assert told["state"] in ("filed", "joined", "ignored", "quarantined")
        assert (told["state"] in ("filed", "joined")) == (told["dispute_id"] is not None) or told["state"] == "ignored"
        raw = await inlet.client.get(f"/v1/inbound-deliveries/{delivery_id}/raw", headers=inlet.admin)
        assert raw.content == body


@pytest.mark.parametrize("folder", ["reply_quotes"])
def test_no_reply_is_made_empty(folder: str) -> None:
    for path in bodies(folder):
        text = path.read_bytes().decode("utf-8", "replace").strip()
        assert bool(reply_of(text)) == bool(text), path.name
