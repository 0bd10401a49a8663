"""What of a transcript is still to be done: where a resumed run starts."""

from kanban.domain.message import Message, Role, ToolCall, unanswered_calls

LS, PS = ToolCall("c1", "shell", '{"command": "ls"}'), ToolCall("c2", "shell", '{"command": "ps"}')
ASKED = Message(Role.ASSISTANT, "", (LS, PS))


def answer(call):
    return Message(Role.TOOL, "ok", call_id=call.id, name=call.name)


def test_calls_without_an_answer_are_open_in_the_order_in_which_they_were_made():
    assert unanswered_calls([ASKED]) == [LS, PS]
    assert unanswered_calls([ASKED, answer(PS)]) == [LS]
    assert unanswered_calls([ASKED, answer(LS), answer(PS)]) == []


def test_a_note_in_between_answers_nothing():
    assert unanswered_calls([ASKED, answer(LS), Message(Role.USER, "twelve turns are left")]) == [PS]


def test_only_the_last_reply_of_the_model_counts():
    assert unanswered_calls([ASKED, Message(Role.ASSISTANT, "thinking")]) == []


def test_a_call_id_that_is_used_again_is_open_again():
    assert unanswered_calls([ASKED, answer(LS), answer(PS), Message(Role.ASSISTANT, "", (LS,))]) == [LS]


def test_a_transcript_that_no_model_has_answered_has_no_calls():
    assert unanswered_calls([]) == []
    assert unanswered_calls([Message(Role.SYSTEM, "you are"), Message(Role.USER, "do it")]) == []
