"""What a model is sent at its first turn, for each purpose and word for word: a change of prompt or tools is seen here.

`scripts/test tests/unit/agents/test_rendered.py --snapshot-update` takes them; read the difference before it is kept.
"""

import json
import re

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from kanban.domain.brief import Brief
from kanban.domain.outcome import Purpose
from kanban.domain.ticket import THE_PERSON
from kanban.llm import Calls
from tests.support.briefs import weather_tile
from tests.support.scripted import DONE, Spy, call, model_of

BLOCK = call("block", reason="missing_access", explanation="webb asks for a password.")
NOTE = call("remember", text="webb has no curl")


class Rendered(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "md"


class FirstTurn(Spy):
    """Keeps the tools of a request as well."""

    def complete(self, messages, tools, on_piece=None, calls=Calls.FREE):
        self.specs = list(tools)
        return super().complete(messages, tools, on_piece, calls)

    def render(self, house):
        """The first request as text that is the same on every machine."""
        parts = [f"# {message.role}\n\n{message.content}" for message in self.asked[0]]
        parts += [f"# tool {tool.name}: {tool.description}\n\n{render_fields(tool.parameters)}" for tool in self.specs]
        return "\n".join(parts).replace(str(house.path), "HOME")


def render_fields(parameters):
    fields = [f"{name}: {json.dumps(field, ensure_ascii=False)}\n" for name, field in parameters["properties"].items()]
    return "".join([*fields, f"required: {', '.join(parameters.get('required', ()))}\n"])


@pytest.fixture
def rendered(snapshot):
    return snapshot.use_extension(Rendered)


@pytest.fixture
def board(house):
    """A home with a host and things that are remembered, and the weather tile on its board."""
    house.hosts(webb={"about": "the dashboard", "paths": {"/root/eg4panel": "its page"}})
    house.app.store.records.remember("person", None, "The person reads on a phone.", house.clock())
    tile = weather_tile()
    request, _ = house.ask("Put the feels-like of the weather tile on the right.")
    house.tile = house.ticket(tile.title, brief=tile.brief, request_id=request)
    house.request = request
    house.app.store.board.comment(house.tile, THE_PERSON, "Two lines, please.", house.clock())
    return house


def test_chat(board, rendered):
    spy = FirstTurn(model_of("Nothing runs."))
    board.talk("What runs where?", model=spy)
    assert spy.render(board) == rendered


def test_decompose(board, rendered):
    ticket = board.ticket("Tidy the docs", assignee="default", brief=Brief(goal="Every document has a heading."))
    spy = FirstTurn(model_of(call("ask_user", question="Which?")))
    board.play(board.start(Purpose.DECOMPOSE, ticket_id=ticket), spy)
    assert spy.render(board) == rendered


def test_work(board, rendered):
    board.work(board.tile, NOTE, call("comment", text="The page is not in git."), "I give up.", "Really.")
    board.app.store.board.unblock(board.tile, THE_PERSON, board.clock())
    spy = FirstTurn(model_of(BLOCK))
    board.play(board.claim(board.tile, "scout"), spy)
    assert spy.render(board) == rendered


def test_work_of_the_orchestrator(board, rendered):
    text = Brief(goal="A page says which of two ways is better.", deliverables=["choice.md"], category="architecture")
    ticket = board.ticket("Choose a way", brief=text, assignee="ginger")
    spy = FirstTurn(model_of(BLOCK))
    board.play(board.claim(ticket, "ginger"), spy)
    assert spy.render(board) == rendered


def test_review(board, rendered):
    with (board.path / "rubric.yaml").open("a") as file:
        file.write("review: {}\n")
    board.restart()
    ticket = board.ticket("Name the port", "test -f port.txt")
    board.work(ticket, call("write_file", path="port.txt", content="8080\n"), DONE)
    looks = call("run_check", criterion=1)
    spy = FirstTurn(model_of(looks, call("verdict", passed=True, findings=["The file is there."])))
    run = board.play(next(run for run in play_due(board) if board.run(run).purpose == Purpose.REVIEW), spy)
    assert run.outcome == "done"
    assert spy.render(board) == rendered


def test_diagnose(board, rendered):
    board.work(board.ticket("Name the port", "test -f port.txt"), NOTE, BLOCK)
    spy = FirstTurn(model_of(call("ask_user", question="Which password?")))
    board.play(next(run for run in play_due(board) if board.run(run).purpose == Purpose.DIAGNOSE), spy)
    assert spy.render(board) == rendered


def test_synthesize(board, rendered):
    board.app.store.board.cancel(board.tile, THE_PERSON, board.clock())
    claim = {"ticket": board.tile, "claim": "It was cancelled.", "evidence": "its status"}
    spy = FirstTurn(model_of(call("answer", text="It was cancelled.", claims=[claim])))
    board.play(board.start(Purpose.SYNTHESIZE, request_id=board.request), spy)
    assert spy.render(board) == rendered


def play_due(house):
    """The runs that the next tick starts."""
    return house.tick().started


def test_a_run_of_the_same_kind_begins_with_the_same_words(board):
    """What a provider can reuse: all of the system message and the tools, and the board's state after it."""
    first, second = FirstTurn(model_of(BLOCK)), FirstTurn(model_of(BLOCK))
    board.play(board.claim(board.ticket("One thing")), first)
    board.play(board.claim(board.ticket("Another thing")), second)
    begins, goes_on = (spy.render(board) for spy in (first, second))
    assert first.specs == second.specs
    shared = len(re.match(r"(?s).*?(?=Ticket \d)", begins)[0])
    assert begins[:shared] == goes_on[:shared]
