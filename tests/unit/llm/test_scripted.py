import json
from typing import Any

import pytest

from kanban.domain.message import Message, Role
from kanban.errors import FailureClass, InvalidInput, ModelError
from kanban.llm import Script, ScriptedModel, load_script
from kanban.llm.scripted import NO_MORE_STEPS


def system(text: str) -> Message:
    return Message(Role.SYSTEM, text)


def user(text: str) -> Message:
    return Message(Role.USER, text)


def assistant(text: str = "said") -> Message:
    return Message(Role.ASSISTANT, text)


def script_of(*scenes: tuple[str, list[Any]]) -> Script:
    """A script of (when, steps); a step that is text is said."""
    return load_script(
        {
            "scenes": [
                {"name": f"scene {n}", "when": when, "steps": [{"say": s} if isinstance(s, str) else s for s in steps]}
                for n, (when, steps) in enumerate(scenes)
            ]
        }
    )


def said(script: Script, *messages: Message) -> str:
    return ScriptedModel(script).complete(messages, []).text


def test_the_step_is_read_off_the_conversation_so_a_resumed_run_goes_on_where_it_was() -> None:
    script = script_of(("ticket", ["one", "two"]))
    assert said(script, user("a ticket")) == "one"
    assert said(script, user("a ticket"), assistant()) == "two"
    assert said(script, user("a ticket"), assistant(), assistant()) == NO_MORE_STEPS


def test_the_first_scene_that_fits_plays() -> None:
    script = script_of(("Scout", ["scout"]), ("tile", ["anyone"]))
    assert said(script, system("You are Scout"), user("move the tile")) == "scout"
    assert said(script, system("You are Cody"), user("move the tile")) == "anyone"


def test_a_scene_may_ask_for_system_and_user_words_together() -> None:
    script = script_of((r"(?s)Cody.*tile", ["both"]), ("tile", ["tile only"]))
    assert said(script, system("You are Cody"), user("move the tile")) == "both"


def test_in_a_kept_conversation_the_last_question_decides() -> None:
    script = script_of(("weather", ["rain", "more rain"]), ("news", ["none"]))
    first = [user("the weather?"), assistant("rain")]
    assert said(script, *first, user("the news?")) == "none"
    assert said(script, *first, user("the weather again?")) == "rain"


def test_reminders_that_fit_no_scene_change_nothing() -> None:
    script = script_of(("ticket", ["one", "two"]), ("", ["whatever else"]))
    assert said(script, user("a ticket"), assistant(), user("80 % of your turns are used")) == "two"


def test_a_scene_without_condition_plays_for_everything_else() -> None:
    script = script_of(("ticket", ["one"]), ("", ["whatever else"]))
    assert said(script, user("hello")) == "whatever else"


def test_named_groups_fill_text_and_arguments_and_leave_other_braces_alone() -> None:
    step = {
        "say": "ticket {id} of {who}",
        "calls": [{"tool": "shell", "arguments": {"command": "echo ${id} {id}", "env": [{"N": "{id}"}], "n": 3}}],
    }
    script = script_of((r"ticket (?P<id>\d+)", [step]))
    reply = ScriptedModel(script).complete([user("ticket 7")], [])
    assert reply.text == "ticket 7 of {who}"
    assert json.loads(reply.calls[0].arguments) == {"command": "echo $7 7", "env": [{"N": "7"}], "n": 3}


def test_what_a_group_caught_is_not_read_as_a_template() -> None:
    script = script_of((r"from (?P<a>\S+) to (?P<b>\S+)", ["{a} -> {b}"]))
    assert said(script, user("from {b} to x")) == "{b} -> x"


def test_arguments_given_as_text_are_sent_as_they_stand() -> None:
    script = script_of(("", [{"calls": [{"tool": "shell", "arguments": '{"command": '}]}]))
    assert ScriptedModel(script).complete([user("x")], []).calls[0].arguments == '{"command": '


def test_no_call_id_comes_twice_in_a_conversation() -> None:
    two = {"calls": [{"tool": "a"}, {"tool": "b"}]}
    model = ScriptedModel(script_of(("", [two, two])))
    calls = [*model.complete([user("x")], []).calls, *model.complete([user("x"), assistant()], []).calls]
    assert len({call.id for call in calls}) == 4


def test_a_pause_is_taken_before_the_answer() -> None:
    paused: list[float] = []
    ScriptedModel(script_of(("", [{"say": "x", "pause": 1.5}])), sleep=paused.append).complete([user("x")], [])
    assert paused == [1.5]


def test_words_are_streamed_one_by_one_and_whole() -> None:
    pieces: list[str] = []
    text = "  two words\n\nand a line \n"
    ScriptedModel(script_of(("", [text]))).complete([user("x")], [], lambda piece: pieces.append(piece.text))
    assert "".join(pieces) == text
    assert len(pieces) > 4


def test_a_conversation_that_fits_no_scene_is_an_error_that_names_the_scenes() -> None:
    with pytest.raises(ModelError, match=r"'weather' \(scene 0\).*hello") as caught:
        said(script_of(("weather", ["rain"])), user("hello"))
    assert caught.value.failure_class is FailureClass.BAD_REQUEST


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ([], "script"),
        ({"scenes": [{"name": "a", "when": "(", "steps": []}]}, "scenes.0.when"),
        ({"scenes": [{"name": "a", "when": "x", "steps": [{"sya": "x"}]}]}, "scenes.0.steps.0.sya"),
        ({"scenes": [{"name": "a", "when": "x", "steps": [{"pause": -1}]}]}, "scenes.0.steps.0.pause"),
    ],
)
def test_a_wrong_script_is_refused_with_the_place(data: object, named: str) -> None:
    with pytest.raises(InvalidInput, match=named) as caught:
        load_script(data)
    assert caught.value.hint
