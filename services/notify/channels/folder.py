"""Mail as files: what development and the embedded run do without a mail server."""

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.notify.channels.mime import House, compose
from services.notify.channels.ports import Handed, Letter, Outcome, Parcel, Terms

SCHEDULE: Final[Sequence[timedelta]] = tuple(timedelta(seconds=2**n) for n in range(1, 11))


class FolderChannel:
    """Writes each mail to one file, whole or not at all; the same delivery always to the same file."""

    # Written again it is the same file: nothing is lost by taking who is slow for dead.
    terms: Final = Terms(SCHEDULE, at_once=200, per_recipient=200, seconds_max=5.0, margin_seconds=5.0)

    def __init__(self, folder: Path, house: House) -> None:
        self._folder = folder
        self._house = house
        self._made = False

    async def send(self, parcel: Parcel) -> Handed:
        """Writes the file. A full or read-only disk is a failure to be tried again."""
        assert isinstance(parcel.content, Letter)
        try:
            mail = compose(parcel, parcel.content, self._house)
        except ValueError:
            return Handed(Outcome.REFUSED, "the address cannot be used")
        try:
            # A few kilobytes to the page cache: quicker than handing them to a thread.
            self._write(f"{parcel.delivery_id.hex}.eml", mail)
        except OSError as error:
            return Handed(Outcome.FAILED, f"the folder cannot be written: {error.strerror}")
        return Handed(Outcome.SENT, "written")

    async def close(self) -> None:
        """Nothing is held open."""

    def _write(self, name: str, mail: bytes) -> None:
        if not self._made:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._made = True
        whole = self._folder / name
        part = f"{whole}.{os.getpid()}.part"
        with open(part, "wb") as file:  # noqa: PTH123 - a hot path; Path costs a tenth of it
            file.write(mail)
        os.replace(part, whole)  # noqa: PTH105 - as above
