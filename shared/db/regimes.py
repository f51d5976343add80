"""The policy `regimes` as the store has it: which regulatory packs the business is under."""

from collections.abc import Collection
from typing import Final

from shared.db import policies
from shared.db.engine import Tx
from shared.domain.regime_choice import RegimeBook
from shared.policy.regime_policy import NAME, default_body, parse_regimes

_PARSED_MAX: Final = 200


class RegimeBooks:
    """Regime policies as parsed values; each version is read and parsed once per process."""

    def __init__(self, calendars: Collection[str] | None = None) -> None:
        """`calendars` are the names there are: a pack that counts on another is left out. None leaves them unchecked."""
        self._calendars = calendars
        self._parsed: dict[int, RegimeBook] = {}

    async def current(self, tx: Tx) -> RegimeBook:
        """The newest version; before one is stored, what the product ships with, as version 0.

        Raises:
            PolicyFault: it does not hold, for example because a calendar it asks for is gone.
        """
        return await self.version(tx, await policies.current_version(tx, NAME))

    async def version(self, tx: Tx, version: int) -> RegimeBook:
        """One version; 0 is what the product ships with.

        Raises:
            NotFound: there is no such version.
            PolicyFault: it does not hold.
        """
        found = self._parsed.get(version)
        if found is None:
            body = default_body() if version == 0 else (await policies.get(tx, NAME, version)).body
            found = parse_regimes(body, version=version, calendars=self._calendars)
            if len(self._parsed) >= _PARSED_MAX:
                self._parsed.clear()
            self._parsed[version] = found
        return found
