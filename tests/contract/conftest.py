import pytest

from tests.contract.played import Listener


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def on_text(request: pytest.FixtureRequest) -> Listener:
    return (lambda piece: None) if request.param else None
