"""A request fits the window: old results become stubs, the newest stay, and what the run is about is always sent."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.message import Message, Opaque, Role, Stop, ToolCall
from kanban.domain.transcript import HANDOVER
from kanban.llm.tokens import estimate_message
from kanban.llm.window import Forms, Plan, drop_middle, plan_request

OPENING = [Message(Role.SYSTEM, "You carry out tickets."), Message(Role.USER, "Ticket 7: read the logs.")]
LOG = "2026-11-20 12:00:00 host sshd[1]: Accepted publickey for root\n" * 480  # about 30,000 characters


def turn(number: int, result: str = LOG, **call: object) -> list[Message]:
    made = ToolCall(f"c{number}", "read_file", json.dumps({"path": f"/var/log/{number}.log", **call}))
    return [
        Message(Role.ASSISTANT, f"I read log {number}.", (made,)),
        Message(Role.TOOL, result, call_id=made.id, name=made.name),
    ]


def turns(count: int, result: str = LOG) -> list[Message]:
    return [*OPENING, *(message for number in range(count) for message in turn(number, result))]


def keep(message: Message) -> str:
    return f"All of it is in `{message.call_id}.txt`."


def plan(transcript: list[Message], room: int = 28_000, fixed: int = 2_000) -> Plan:
    return plan_request(transcript, fixed, room, keep)


def is_answered(messages: list[Message]) -> bool:
    """Whether every call has its result and every result its call, as providers want it."""
    called = [call.id for message in messages for call in message.valid_calls]
    return called == [message.call_id for message in messages if message.role is Role.TOOL]


def test_what_is_small_is_sent_as_it_stands():
    transcript = turns(1)
    assert plan(transcript).messages == transcript


def test_f42_twelve_long_logs_stay_within_the_room_at_each_turn():
    for count in range(1, 13):
        planned = plan(turns(count))
        assert planned.tokens <= 28_000 and planned.fits
        assert planned.messages[:2] == OPENING
        assert planned.messages[-1].content == LOG
        assert is_answered(planned.messages)


def test_a_stub_says_where_the_whole_result_is_and_how_long_it_was():
    planned = plan(turns(6))
    assert planned.messages[3].content == f"[This result of read_file had {len(LOG)} characters. {keep(turn(0)[1])}]"


def test_the_same_stubs_are_sent_for_several_turns_so_that_a_cache_of_them_is_of_use():
    """Of the messages that a request shares with the one before it, nearly all are the same."""
    short = "a line of a result\n" * 300
    requests = [plan(turns(count, short)).messages for count in range(1, 90)]
    kept = [after[: len(before) - 2] == before[: len(before) - 2] for before, after in pairwise(requests)]
    assert sum(kept) / len(kept) > 0.75


def test_what_was_worked_out_for_earlier_requests_changes_no_later_one_and_is_used_again():
    thoughts = Opaque("a", json.dumps({"message": {"reasoning_content": "On and on. " * 200}, "calls": [None]}))
    transcript = [replace(m, opaque=thoughts) if m.role is Role.ASSISTANT else m for m in turns(40, LOG[:9_000])]
    forms = Forms()
    for end in range(2, len(transcript) + 1, 2):
        planned = plan_request(transcript[:end], 2_000, 28_000, keep, forms)
        assert planned == plan(transcript[:end])
        again = plan_request(transcript[:end], 2_000, 28_000, keep, forms).messages
        assert all(one is other for one, other in zip(planned.messages, again, strict=True))


def test_ninety_turns_of_ten_kilobytes_stay_within_the_room():
    transcript = turns(90, "x y z 1 2 3\n" * 850)
    assert plan(transcript).tokens <= 28_000


def test_long_arguments_of_old_calls_are_shortened_and_stay_json():
    transcript = [*OPENING, *turn(0, "written", content=LOG), *turn(1, "written", content=LOG), *turn(2), *turn(3)]
    first = plan(transcript).messages[2].calls[0]
    arguments = json.loads(first.arguments)
    assert arguments["path"] == "/var/log/0.log" and "more characters were sent" in arguments["content"]


def test_many_results_of_one_turn_are_each_shown_in_part():
    calls = tuple(ToolCall(f"c{n}", "read_file", "{}") for n in range(12))
    results = [Message(Role.TOOL, LOG, call_id=call.id, name="read_file") for call in calls]
    planned = plan([*OPENING, Message(Role.ASSISTANT, "", calls), *results])
    assert planned.fits and is_answered(planned.messages)
    assert all("are left out here. All of it is in" in message.content for message in planned.messages[3:])


def test_a_long_text_that_was_just_written_does_not_end_the_run():
    planned = plan([*OPENING, *turn(0, "written", content=LOG * 2)], room=8_000)
    assert planned.fits and is_answered(planned.messages)
    assert "more characters were sent" in planned.messages[2].calls[0].arguments


def test_what_cannot_fit_is_said_not_to_fit():
    assert not plan([OPENING[0], Message(Role.USER, LOG * 10)]).fits


def test_thoughts_of_old_turns_are_left_out_only_when_nothing_else_helps():
    thought = Opaque("m at p", json.dumps({"message": {"reasoning_content": "hm, " * 4_000}, "calls": [None]}))

    def thinking(number: int) -> list[Message]:
        reply, result = turn(number, "ok")
        return [Message(Role.ASSISTANT, reply.content, reply.calls, opaque=thought), result]

    few = plan([*OPENING, *thinking(0), *thinking(1)])
    many = plan([*OPENING, *(message for number in range(20) for message in thinking(number))])
    assert all(message.opaque == thought for message in few.messages if message.calls)
    assert many.fits and many.messages[-2].opaque == thought and many.messages[2].opaque is None


def test_after_a_hand_over_only_the_notes_and_what_follows_them_are_sent():
    notes = [Message(Role.ASSISTANT, "Logs 0 to 5 are clean."), Message(Role.USER, "Go on.", name=HANDOVER)]
    planned = plan([*turns(6), *notes, *turn(7, "short")])
    assert planned.messages == [*OPENING, *notes, *turn(7, "short")]


def test_a_run_of_very_many_turns_is_crowded_and_its_notes_are_asked_for_with_its_last_turns():
    planned = plan(turns(900, "ok"))
    assert planned.is_crowded
    asked = drop_middle(planned, 16_000, 2_000)
    assert asked[:2] == OPENING and asked[-2:] == turn(899, "ok") and is_answered(asked)
    assert sum(map(estimate_message, asked)) <= 14_000


def test_a_call_that_was_cut_off_is_not_sent_again():
    cut = Message(Role.ASSISTANT, "Now", (ToolCall("c", "write_file", '{"content": "half'),), stop=Stop.CUT_OFF)
    assert cut.valid_calls == () and estimate_message(cut) < 20


SIZES = st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 3_000)), max_size=25)


@given(SIZES, st.integers(4_000, 60_000))
@pytest.mark.filterwarnings("ignore")
def test_whatever_the_sizes_a_request_that_fits_is_within_its_room_and_well_formed(sizes, room):
    transcript = list(OPENING)
    for number, (result, argument) in enumerate(sizes):
        transcript += turn(number, "r" * result, content="a" * argument)
    planned = plan(transcript, room, fixed=500)
    assert planned.messages[:2] == OPENING and is_answered(planned.messages)
    assert not planned.fits or planned.tokens <= room
    assert planned == plan(transcript, room, fixed=500)
