"""One rig for each broker driver: the same tests, whichever it is."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.rig import Rig


@pytest.fixture(params=["embedded", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """A started broker of each kind with the queues of two consumers, `first` and `second`."""
    url = request.getfixturevalue("rabbit_url") if request.param == "rabbitmq" else "embedded://"
    made = Rig(url)
    await made.broker.start()
    yield made
    await made.close()
