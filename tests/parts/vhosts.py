"""placeholder"""

from pathlib import Path


class VirtualHosts:
    def __init__(self, home: Path) -> None:
        self._home = home

    async def take(self, _argument: str = "") -> str:
        raise NotImplementedError

    async def close(self) -> None: ...
