"""Replies that are no answer: cut off, empty, or with their calls as text. None is carried out or taken for one."""

import pytest

from tests.support.providers import Anthropic, Call, DeepSeek, Moonshot, Turn, call
from tests.support.providers.markup import WRITERS, CallsAsText, ThoughtsAsText
from tests.support.real_models import DELIVER, check_nothing_was_lost, employ, replies_in, serve, talk
from tests.support.scripted import house, new_house, template_home

__all__ = ["house", "new_house", "serve", "template_home"]

BOOK = "".join(f"Line {number} of the book.\n" for number in range(1, 251))
STORY = "".join(f"Moon {number} goes round Mars. " for number in range(1, 41)).strip()
PARSER = "this server hands tool calls through as text: start it with a tool parser"


def last_told(request):
    return str(request["messages"][-1]["content"])


def write_a_book(request):
    """At first all in one call; told that it was cut off, look and then write it in parts."""
    made = len(replies_in(request))
    begun, rest = BOOK[: len(BOOK) // 2], BOOK[len(BOOK) // 2 :]
    turns = [
        Turn("All at once. ", calls=(call("write_file", path="book.md", content=BOOK),)),
        Turn("What is there? ", calls=(call("list_dir"),)),
        Turn("The beginning. ", calls=(call("write_file", path="book.md", content=begun),)),
        Turn("The rest. ", calls=(call("shell", command=f"cat >> book.md <<'END'\n{rest}END"),)),
        DELIVER,
    ]
    return turns[made]


@pytest.mark.parametrize(
    ("kind", "model", "settings"),
    [
        (DeepSeek, "deepseek/deepseek-v4-pro", {}),
        (Moonshot, "moonshot/kimi-k2.7-code", {}),
        (Anthropic, "anthropic/claude-opus-4-5", {"reasoning": "low"}),
    ],
)
def test_f44_a_call_that_was_cut_off_writes_nothing_and_the_model_writes_in_parts(house, serve, kind, model, settings):
    server = serve(kind(write_a_book))
    employ(house, "cody", model, server, max_output=1200, **settings)
    run = house.work(house.ticket("Write the book", "test $(wc -l < book.md) -eq 250"))
    assert run.outcome == "done" and (house.workspace(run) / "book.md").read_text() == BOOK
    (told,) = [text for text in house.told(run) if "cut off" in text]
    assert "in a call of `write_file`" in told and "Write it in parts" in told
    assert "book.md" not in house.answers(run)[0]
    check_nothing_was_lost(server)


def test_f44_a_model_that_is_always_cut_off_in_a_call_fails_with_the_setting_that_helps(house, serve):
    server = serve(DeepSeek(lambda request: write_a_book({"messages": []})))
    employ(house, "cody", "deepseek/deepseek-v4-pro", server, max_output=400)
    run = house.work(house.ticket("Write the book"))
    assert run.outcome == "failed" and len(server.requests) == 3
    assert "cut off within a call; set `max_output` higher" in run.error
    assert not (house.workspace(run) / "book.md").exists()


def tell_the_story(request):
    """Goes on where its replies since the question end."""
    said = "".join(reply["content"] for reply in replies_in(request))
    return Turn("Hm. ", STORY[len(said) :])


@pytest.mark.parametrize(("limit", "whole"), [(170, True), (60, False)])
def test_words_that_were_cut_off_are_continued_once_and_joined_or_marked(house, serve, limit, whole):
    server = serve(DeepSeek(tell_the_story))
    employ(house, "ginger", "deepseek/deepseek-v4-pro", server, max_output=limit)
    spoken = talk(house, "Tell me of the moons of Mars.")
    answer = house.app.store.queries.get_request(spoken.request_id).answer
    assert len(server.requests) == 2
    if whole:
        assert answer == STORY
    else:
        told, mark, rest = answer.partition("\n\n[the reply was cut off here]")
        assert STORY.startswith(told) and mark and not rest and len(told) > len(STORY) // 3
    check_nothing_was_lost(server)


NO_ANSWERS = {
    "empty": (DeepSeek, Turn("", "")),
    "blank": (DeepSeek, Turn("", "  \n ")),
    "only thoughts": (DeepSeek, Turn("The answer is 42. ")),
    "only thoughts as text": (ThoughtsAsText, Turn("The answer is 42. ")),
    "half a call as text": (DeepSeek, Turn("Hm. ", '<tool_call>\n{"name": "list_hosts", "arguments": {')),
    "a call of no tool": (DeepSeek, Turn("Hm. ", '<tool_call>\n{"name": "fly", "arguments": {}}\n</tool_call>')),
    "half a function": (DeepSeek, Turn("Hm. ", "<function=list_hosts>\n<parameter=")),
    "DSML without an end": (DeepSeek, Turn("Hm. ", '<｜DSML｜function_calls>\n<｜DSML｜invoke name="list_hosts">')),
}


@pytest.mark.parametrize(("kind", "turn"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_f43_what_holds_no_words_is_never_the_answer_of_a_request(house, serve, kind, turn):
    server = serve(kind(lambda request: turn))
    employ(house, "ginger", "deepseek/deepseek-v4-pro", server)
    spoken = talk(house, "What is the answer?")
    request = house.app.store.queries.get_request(spoken.request_id)
    assert (spoken.ending.outcome, request.answer or "", len(server.requests)) == ("failed", "", 3)
    assert "Traceback" not in spoken.ending.explanation and house.app.store.pauses.active(house.now) == {}


@pytest.mark.parametrize(("kind", "turn"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_f43_told_so_the_model_answers_and_only_that_is_stored(house, serve, kind, turn):
    server = serve(kind(lambda request: Turn("Ah. ", "It is 42.") if replies_in(request) else turn))
    employ(house, "ginger", "deepseek/deepseek-v4-pro", server)
    spoken = talk(house, "What is the answer?")
    assert house.app.store.queries.get_request(spoken.request_id).answer == "It is 42."
    assert "Your " in last_told(server.requests[1])  # what was wrong with the reply before it


def test_f43_words_alone_never_answer_a_request_whose_tickets_are_settled(house, serve):
    request_id, [only] = house.ask("One thing.", "Only")
    house.work(only, {"tool": "complete", "arguments": {"summary": "Done."}})
    server = serve(DeepSeek(lambda request: Turn("Hm. ", "All is well.")))
    employ(house, "ginger", "deepseek/deepseek-v4-pro", server)
    run = house.play(house.next_run())
    assert (run.purpose, run.outcome) == ("synthesize", "failed")
    assert not house.app.store.queries.get_request(request_id).answer


@pytest.mark.parametrize("writer", WRITERS)
def test_f43_calls_as_text_are_carried_out_and_the_person_is_told_of_the_parser_once(house, serve, writer):
    steps = [Turn(words="A step.", calls=(call("shell", command=f"echo '{n} <b>' >> n.md"),)) for n in range(4)]
    server = serve(CallsAsText([*steps, DELIVER], writer))
    employ(house, "cody", "openai/coder", server)
    for _ in range(2):
        run = house.work(house.ticket("Count", "test $(wc -l < n.md) -eq 4"))
        assert (run.outcome, run.turns) == ("done", 5)
    told = [text for (text,) in house.rows("SELECT text FROM notice")]
    assert len(told) == 1 and PARSER in told[0] and "openai/coder" in told[0]


def test_f43_calls_as_text_that_nobody_can_read_are_told_and_the_third_ends_the_run(house, serve):
    server = serve(CallsAsText([Turn(calls=(Call("shell", '{"command": "ls'),))] * 9))
    employ(house, "cody", "openai/coder", server)
    ticket = house.ticket("Count", "test -e n.md")
    run = house.work(ticket)
    assert (run.outcome, house.status(ticket), len(server.requests)) == ("failed", "ready", 3)
    assert run.error.startswith("its calls come as text: ") and "Traceback" not in run.error
    assert "as text, and nothing was carried out" in last_told(server.requests[1])
    told = [text for (text,) in house.rows("SELECT text FROM notice") if PARSER in text]
    assert len(told) == 1
