"""What a person sees while a model thinks, and what is kept of its thoughts: a count, and never a word."""

import json
import threading

import pytest

from tests.support.daemon import Terminal
from tests.support.providers import Anthropic, DeepSeek, OpenAI, Turn, call
from tests.support.real_models import DELIVER, employ, serve
from tests.support.scripted import house, new_house, template_home
from tests.unit.interfaces.terminal import run_kanban

__all__ = ["house", "new_house", "serve", "template_home"]

THOUGHT = "Zwiebelkuchen "
LOOKS = Turn(THOUGHT * 60, "", (call("list_hosts"),))
SAYS = Turn(THOUGHT * 30, "You have one host.")
THINKS = {"reasoning": "low"}
PROVIDERS = [
    (DeepSeek, "deepseek/deepseek-v4-pro", {}),
    pytest.param(Anthropic, "anthropic/claude-opus-4-5", THINKS, marks=pytest.mark.slow),
]


class Held:
    """Holds a server's first reply back after some pieces, until it is let go."""

    def __init__(self, server, pieces):
        self._let_go = threading.Event()
        server.before_piece = lambda number: (
            self._let_go.wait(60) if number == pieces and len(server.requests) == 1 else None
        )

    def let_go(self):
        self._let_go.set()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "model", "settings"), PROVIDERS)
def test_at_a_terminal_thoughts_are_a_counter_and_then_how_long_they_took(house, serve, kind, model, settings):
    server = serve(kind([LOOKS, SAYS]))
    employ(house, "ginger", model, server, **settings)
    held = Held(server, 40)
    asked = Terminal(house.app, "ask", "How many hosts have I?")
    asked.read_until("thinks, ")
    held.let_go()
    assert asked.end() == 0, asked.shown
    assert "list_hosts" in asked.shown and "You have one host." in asked.shown
    assert asked.shown.count("thought for ") == 2 and "60 words; first token after " in asked.shown
    assert THOUGHT.strip() not in asked.shown
    check_thoughts_are_shown_nowhere(house)


def test_a_model_that_thinks_in_silence_is_counted_too_and_no_count_writes_over_words(house, serve):
    speaks = Turn(THOUGHT * 60, "Let me look.", (call("list_hosts"),))
    server = serve(OpenAI([speaks, SAYS]))
    employ(house, "ginger", "openai/gpt-5", server)
    held = Held(server, 0)
    asked = Terminal(house.app, "ask", "How many hosts have I?")
    asked.read_until("has said nothing yet, 1 s")
    held.let_go()
    assert asked.end() == 0 and "You have one host." in asked.shown
    assert "Let me look.\r\n" in asked.shown


def check_thoughts_are_shown_nowhere(house):
    """No command prints them; only the part of the transcript that goes back to the provider holds them."""
    commands = [("request", "show", "1"), ("request", "show", "1", "--json"), ("request", "list", "--json")]
    commands += [("events",), ("events", "--json"), ("run", "list", "--json"), ("doctor",)]
    commands += [(*words, *option) for words in (("show", 1), ("log", 1), ("why", 1)) for option in ((), ("--json",))]
    for words in commands:
        shown = run_kanban(house.path, *words)
        assert THOUGHT.strip() not in shown.out + shown.err, words
    tables = [name for (name,) in house.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    holders = {
        (table, column)
        for table in tables
        for row in house.app.store.db.read(f"SELECT * FROM {table}")
        for column, value in row._mapping.items()
        if THOUGHT.strip() in str(value)
    }
    assert {column for _, column in holders} <= {"opaque"}, holders
    assert not any(THOUGHT.strip().encode() in file.read_bytes() for file in (house.path / "runs").rglob("log"))


def test_a_workers_thoughts_are_in_none_of_its_texts(house, serve):
    works = Turn(THOUGHT * 3, "I look.", (call("shell", command="ls"),))
    server = serve(DeepSeek([works, Turn(THOUGHT, DELIVER.words, DELIVER.calls)]))
    employ(house, "cody", "deepseek/deepseek-v4-pro", server)
    run = house.work(house.ticket())
    assert run.outcome == "done" and THOUGHT.strip() in json.dumps(server.requests[1])
    check_thoughts_are_shown_nowhere(house)


def test_what_is_piped_gets_no_counter(house, serve):
    employ(house, "ginger", "deepseek/deepseek-v4-pro", serve(DeepSeek([LOOKS, SAYS])))
    asked = run_kanban(house.path, "ask", "How many hosts have I?")
    assert (asked.status, asked.out.strip()) == (0, "You have one host.")
    assert "thinks, " not in asked.err and "\r" not in asked.err and asked.err.count("thought for ") == 2
    as_json = run_kanban(house.path, "ask", "--json", "How many hosts have I?")
    assert as_json.status == 0 and THOUGHT.strip() not in as_json.out + as_json.err
