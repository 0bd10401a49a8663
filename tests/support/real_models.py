"""A house whose models are reached through the real library, at servers that enforce what their providers document.

def test_x(house, serve):
    server = serve(DeepSeek([Turn("Look first. ", calls=(call("shell", command="ls"),)), DELIVER]))
    employ(house, "cody", "deepseek/deepseek-v4-pro", server)
    assert house.work(house.ticket()).outcome == "done"
    check_nothing_was_lost(server)
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, TypeVar

import pytest

from kanban.files.settings import shipped_defaults
from kanban.llm import LiteLLMModel
from kanban.service.talk import Exchange
from tests.support.openai_server import Answer
from tests.support.providers import ZAI, Call, DeepSeek, Moonshot, ProviderServer, Turn, call
from tests.support.providers.chat import ChatServer
from tests.support.providers.script import Request
from tests.support.providers.server import Refused
from tests.support.scripted import House

Server = TypeVar("Server", bound=ProviderServer)
Serve = Callable[[Server], Server]

KINDS: dict[str, type[ChatServer]] = {"deepseek": DeepSeek, "moonshot": Moonshot, "zai": ZAI}
DELIVER = Turn("All is there. ", calls=(call("complete", summary="It is done."),))


@pytest.fixture
def serve() -> Iterator[Serve[Any]]:
    """Runs each server that it is given until the test is over."""
    with ExitStack() as stack:
        yield stack.enter_context


def employ(house: House, profile: str, model: str, server: ProviderServer, **settings: Any) -> None:
    """Have a profile played by `model` at `server`."""
    house.profile(profile, model=model, api_base=server.url, api_key_env=None, **settings)


def impatient(house: House, profile: str = "cody", model: str = "") -> LiteLLMModel:
    """The model of a profile as its run opens it, without the seconds between two tries."""
    chosen = house.app.live.profile(profile)
    return LiteLLMModel(chosen.running(model or chosen.model), house.app.secrets, lambda seconds: None)


def talk(house: House, words: str, conversation_id: int | None = None) -> Exchange:
    """One exchange with Ginger and her own model."""
    return house.talk(words, model=impatient(house, "ginger"), conversation_id=conversation_id)


def check_nothing_was_lost(*servers: ProviderServer) -> None:
    """Nothing was refused, and what each server wants back has come back as it was sent."""
    for server in servers:
        assert server.refusals == [] and server.alterations == [], (
            type(server),
            server.alterations[:5],
            server.refusals,
        )


def replies_in(request: Request) -> list[dict[str, Any]]:
    """The model's own replies that a request gives back."""
    return [message for message in request["messages"] if message["role"] == "assistant"]


class Cast:
    """The shipped profiles, each at a strict server of its provider; together they play a Stage.

    Only `api_base` and the keys are added to what is shipped. Every reply begins with thoughts that no other has.
    """

    def __init__(self, house: House, serve: Serve[Any]) -> None:
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Answer]
        self.servers: dict[str, ChatServer] = {}
        self.thoughts: dict[str, list[str]] = {}
        for file in sorted((shipped_defaults() / "profiles").glob("*.yaml")):
            shutil.copy(file, house.path / "profiles" / file.name)
        house.restart()
        for name, profile in list(house.app.live.profiles.items()):
            kind = KINDS[profile.model.partition("/")[0]]
            self.servers[name] = serve(kind(partial(self._play, name)))
            self.thoughts[name] = []
            house.secret(str(profile.api_key_env), f"key-of-{name}")
            house.profile(name, api_base=self.servers[name].url)

    def check(self) -> None:
        """Nothing was lost, and each reply that came back brought exactly the thoughts it was given with."""
        check_nothing_was_lost(*self.servers.values())
        for name, server in self.servers.items():
            for request in server.requests:
                assert all(reply["reasoning_content"] in self.thoughts[name] for reply in replies_in(request))

    def _play(self, name: str, request: Request) -> Turn:
        told = request | {"model": name}
        self.requests.append(told)
        answer = self.answer(told)
        if answer.status != 200:
            raise Refused(f"{name}: {answer.body!r}")
        thoughts = f'  {name} denkt: „Schritt {len(self.thoughts[name]) + 1}“ \\n "so"?\n\t👩‍🔬 '
        self.thoughts[name].append(thoughts)
        return Turn(thoughts, answer.text or "", tuple(Call(*one) for one in answer.calls))
