"""The loop of every run: what is written down when, what is said to a model that slips, and how a run ends."""

import json
from dataclasses import replace

import pytest

from kanban.agents.loop import LONGEST_ANSWER, LONGEST_ARGUMENTS, Listener
from kanban.agents.purposes.orchestrate import talk
from kanban.domain.message import Message, Role
from kanban.domain.outcome import Purpose
from kanban.domain.ticket import THE_PERSON, BlockReason
from kanban.domain.transcript import REMINDER, WARNING
from kanban.errors import FailureClass, ModelError
from kanban.llm import Calls
from kanban.store.pauses import JITTER
from tests.support.scripted import DONE, Spy, call, model_of, raw_call


class Failing:
    """A model that cannot be had."""

    name = "failing"
    window = None

    def __init__(self, failure: FailureClass, retry_after: float | None = None) -> None:
        self._error = ModelError(failure, "the provider's own words", "pay them", retry_after)

    def complete(self, messages, tools, on_piece=None, calls=Calls.FREE):
        raise self._error


def roles(house, run):
    return [message.role for message in house.transcript(run)]


# -- a plain run ------------------------------------------------------------------------------------------------------


def test_a_run_is_a_system_message_a_ticket_and_turns_until_an_ending_verb(house):
    run = house.work(house.ticket(), call("list_dir"), [call("list_dir"), call("list_dir")], DONE)
    assert roles(house, run) == [
        *(Role.SYSTEM, Role.USER),
        *(Role.ASSISTANT, Role.TOOL),
        *(Role.ASSISTANT, Role.TOOL, Role.TOOL),
        *(Role.ASSISTANT, Role.TOOL),
    ]
    assert (run.outcome, run.turns) == ("done", 3)


def test_every_message_is_on_the_board_before_the_next_thing_happens(house):
    run_id = house.claim(house.ticket())
    written = []

    class Looking(Spy):
        def complete(self, messages, tools, on_piece=None, calls=Calls.FREE):
            written.append(house.transcript(house.run(run_id)) == list(messages))
            return super().complete(messages, tools, on_piece, calls)

    house.play(run_id, Looking(model_of(call("list_dir"), call("list_dir"), DONE)))
    assert written == [True, True, True]


def test_what_a_turn_cost_is_written_with_it(house):
    run = house.work(house.ticket(), call("list_dir"), DONE)
    usage = house.app.store.queries.usage_of_run(run.id)
    assert [row.turn for row in usage] == [1, 2]
    assert run.prompt_tokens == sum(row.prompt_tokens for row in usage) > 0


def test_a_call_after_the_ending_verb_is_not_carried_out(house):
    run = house.work(
        house.ticket(),
        [call("shell", command="touch before"), DONE, call("shell", command="touch after")],
    )
    assert run.outcome == "done"
    assert (house.workspace(run) / "before").exists() and not (house.workspace(run) / "after").exists()
    assert house.answers(run)[1:] == ["done", "not done: the call before it ended the run"]


def test_an_ending_verb_that_was_not_accepted_ends_nothing(house):
    run = house.work(house.ticket(), [call("complete", summary=""), call("list_dir")], DONE)
    assert "not done" not in house.answers(run)[1]
    assert (run.outcome, run.turns) == ("done", 2)


# -- a model that slips -----------------------------------------------------------------------------------------------


def test_an_unknown_tool_is_answered_with_the_nearest_one(house):
    run = house.work(house.ticket(), call("read_fil", path="a"), DONE)
    assert house.answers(run)[0] == "error: no tool is called 'read_fil'; did you mean 'read_file'?"


def test_a_tool_of_another_role_is_unknown(house):
    run = house.work(house.ticket(), call("file_tickets", tickets=[]), DONE)
    assert "no tool is called 'file_tickets'" in house.answers(run)[0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ('{"path": ', "are not JSON"),
        ("", "path: Field required"),
        ("[]", "arguments: Input should be"),
        ('{"path": "a", "form_line": 3}', "form_line: Extra inputs are not permitted (did you mean 'from_line'?)"),
        ('{"path": "a", "lines": "many"}', "lines: Input should be a valid integer"),
        ('{"path": "\\ud800"}', "path: Input should be a valid string"),
        ("[" * 100_000, "are not JSON"),
        ('{"path": ' + "9" * 5000 + "}", "are not JSON"),
    ],
)
def test_wrong_arguments_go_back_to_the_model_with_what_is_wrong(house, arguments, told):
    run = house.work(house.ticket(), raw_call("read_file", arguments), DONE)
    assert house.answers(run)[0].startswith("error: the arguments of read_file")
    assert told in house.answers(run)[0]
    assert run.outcome == "done"


def test_f14_prose_is_asked_once_for_an_ending_verb(house):
    run = house.work(house.ticket(), call("list_dir"), "I am finished.", DONE)
    assert run.outcome == "done"
    [reminder] = [message for message in house.transcript(run) if message.name == REMINDER]
    assert "`complete` or `block`" in reminder.content


def test_f14_prose_after_the_reminder_is_kept_whole_as_the_explanation(house):
    ticket = house.ticket()
    run = house.work(ticket, "The sensor's wiring is broken: pin 4 floats.", "As I said.")
    assert house.status(ticket) == "blocked other"
    assert house.get(ticket).explanation == "The sensor's wiring is broken: pin 4 floats.\n\nAs I said."
    assert run.turns == 2


def test_prose_between_calls_is_reminded_each_time(house):
    run = house.work(house.ticket(), "Thinking.", call("list_dir"), "Thinking more.", DONE)
    assert run.outcome == "done"
    assert sum(message.name == REMINDER for message in house.transcript(run)) == 2


def test_a_model_that_says_nothing_twice_is_blocked_with_that(house):
    ticket = house.ticket()
    house.work(ticket, "", "  ")
    assert house.status(ticket) == "blocked other"
    assert house.get(ticket).explanation == "the model said nothing"


def test_in_a_talk_prose_is_the_answer_and_nobody_is_reminded(house):
    said = house.talk("How are you?", "Fine.")
    assert said.ending.explanation == "Fine."
    assert house.app.store.queries.get_request(said.request_id).answer == "Fine."


# -- turns ------------------------------------------------------------------------------------------------------------


def test_a_model_is_warned_once_when_four_fifths_of_its_turns_are_used(house):
    house.profile("cody", max_turns=10)
    run = house.work(house.ticket(), *[call("read_file", path=str(number)) for number in range(9)], DONE)
    transcript = house.transcript(run)
    [place] = [place for place, message in enumerate(transcript) if message.name == WARNING]
    assert sum(message.role is Role.ASSISTANT for message in transcript[:place]) == 8
    assert "8 of 10 turns" in transcript[place].content
    assert run.outcome == "done"


def test_a_run_ends_when_its_turns_are_used(house):
    house.profile("cody", max_turns=3)
    ticket = house.ticket()
    run = house.work(ticket, *[call("list_dir")] * 9)
    assert (run.outcome, run.turns) == ("out_of_turns", 3)
    assert house.status(ticket) == "ready"


def test_a_note_after_a_block_brings_a_new_budget_and_reaches_the_model(house):
    house.profile("cody", max_turns=4)
    ticket = house.ticket()
    script = [call("list_dir")] * 3 + [call("block", reason="other", explanation="Which port?")]
    house.work(ticket, *script)
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock(), note="Take 8080.")
    run = house.play(house.next_run(), model_of(*script, call("list_dir"), call("list_dir"), DONE))
    assert run.outcome == "done"
    assert "Take 8080." in house.told(run)[-1]
    assert not any(message.name == WARNING for message in house.transcript(run)[10:-2])


# -- models that cannot answer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "outcome", "status"),
    [
        (FailureClass.RATE_LIMITED, "rate_limited", "ready"),
        (FailureClass.MODEL_DOWN, "model_down", "ready"),
        (FailureClass.CONTEXT_OVERFLOW, "blocked", "blocked budget"),
        (FailureClass.BAD_REQUEST, "failed", "ready"),
    ],
)
def test_a_model_that_fails_ends_the_run_by_the_class_of_the_failure(house, failure, outcome, status):
    ticket = house.ticket()
    run = house.play(house.claim(ticket), Failing(failure))
    assert (run.outcome, house.status(ticket)) == (outcome, status)
    assert run.error == "the provider's own words (pay them)"


def test_f13_the_pause_that_a_provider_names_is_kept(house):
    ticket = house.ticket()
    house.play(house.claim(ticket), Failing(FailureClass.RATE_LIMITED, retry_after=500))
    assert 500 <= house.get(ticket).not_before - house.now + 1 <= 500 * (1 + JITTER) + 1


# -- sizes ------------------------------------------------------------------------------------------------------------


def test_ten_megabytes_of_arguments_come_back_as_an_error(house):
    sent = json.dumps({"path": "a", "content": "x" * 10_000_000})
    run = house.work(house.ticket(), raw_call("write_file", sent), DONE)
    assert house.answers(run)[0].startswith("error: the arguments of write_file are not JSON")
    assert not (house.workspace(run) / "a").exists()
    assert max(len(each.arguments) for message in house.transcript(run) for each in message.calls) < LONGEST_ARGUMENTS


def test_ten_megabytes_of_words_end_like_any_words(house):
    ticket = house.ticket()
    house.work(ticket, "x" * 10_000_000, "")
    assert house.status(ticket) == "blocked other"


def test_a_long_answer_of_a_tool_is_cut_for_the_model(house):
    house.set(output_limit_chars=10_000_000)
    run = house.work(house.ticket(), call("shell", command="head -c 300000 /dev/zero | tr '\\0' x"), DONE)
    answer = house.answers(run)[0]
    assert LONGEST_ANSWER < len(answer) < LONGEST_ANSWER + 100
    assert answer.endswith("more characters are not shown]")


# -- ids --------------------------------------------------------------------------------------------------------------


class CountingAfresh(Spy):
    """A server that calls the first call of every reply `call_0`."""

    def complete(self, messages, tools, on_piece=None, calls=Calls.FREE):
        reply = super().complete(messages, tools, on_piece, calls)
        return replace(reply, calls=tuple(replace(each, id=f"call_{n}") for n, each in enumerate(reply.calls)))


def test_calls_are_told_apart_when_a_server_uses_an_id_again(house):
    steps = [call("shell", command="echo x >> log"), call("shell", command="echo x >> log"), DONE]
    run = house.play(house.claim(house.ticket()), CountingAfresh(model_of(*steps)))
    assert (house.workspace(run) / "log").read_text() == "x\nx\n"
    ids = [each.id for message in house.transcript(run) for each in message.calls]
    assert len(set(ids)) == 3
    assert [message.call_id for message in house.transcript(run) if message.role is Role.TOOL] == ids


# -- secrets ----------------------------------------------------------------------------------------------------------

SECRET = "sk-very-secret-1234"


def test_a_secret_reaches_neither_the_model_nor_the_board(house):
    house.secret("SOME_KEY", SECRET)
    ticket = house.ticket()
    model = Spy(
        model_of(
            call("shell", command=f"echo the key is {SECRET}"),
            call("comment", text=f"I saw {SECRET}"),
            call("remember", text=f"the key is {SECRET}"),
            call("complete", summary=f"Found {SECRET}.", evidence=[f"it says {SECRET}"]),
        )
    )
    house.play(house.claim(ticket), model)
    assert house.status(ticket) == "done"
    assert house.get(ticket).summary == "Found [secret SOME_KEY]."
    shown = [message.content for message in model.asked[-1]]
    stored = [row[0] for row in house.rows("SELECT text FROM comment UNION ALL SELECT text FROM memory")]
    events = [row[0] for row in house.rows("SELECT why FROM event")]
    assert SECRET not in "\n".join([*shown, *stored, *events])
    assert "the key is [secret SOME_KEY]" in "\n".join(shown)


def test_a_secret_in_a_block_or_in_prose_is_kept_out_of_the_board(house):
    house.secret("SOME_KEY", SECRET)
    blocked, prose = house.ticket(), house.ticket()
    house.work(blocked, call("block", reason="needs_input", explanation=f"with {SECRET}", question=f"is it {SECRET}?"))
    run = house.work(prose, f"I say {SECRET}", "")
    assert house.told(run, Role.ASSISTANT) == ["I say [secret SOME_KEY]", ""]
    for ticket in (blocked, prose):
        assert "[secret SOME_KEY]" in house.get(ticket).explanation
        assert SECRET not in house.get(ticket).explanation


# -- ended from outside -----------------------------------------------------------------------------------------------


def test_a_run_that_was_ended_from_outside_can_write_nothing_more(house):
    ticket = house.ticket()
    run_id = house.claim(ticket)

    class Cancelling(Spy):
        def complete(self, messages, tools, on_piece=None, calls=Calls.FREE):
            house.app.store.board.cancel(ticket, THE_PERSON, house.clock(), "not wanted")
            return super().complete(messages, tools, on_piece, calls)

    run = house.play(run_id, Cancelling(model_of(call("shell", command="touch effect"))))
    assert (run.outcome, run.turns) == ("cancelled", 0)
    assert house.status(ticket) == "cancelled"
    assert not (house.workspace(run) / "effect").exists()


def test_a_run_that_is_ended_while_a_tool_acts_cannot_change_its_ticket(house):
    ticket = house.ticket()
    run_id = house.claim(ticket)
    context = house.context(run_id, model_of(call("comment", text="late"), DONE))
    house.lose(run_id)
    assert house.play(run_id, context.model).turns == 0
    assert house.comments(ticket) == []
    assert house.status(ticket) == "ready"


def test_a_listener_hears_replies_and_answers(house):
    heard = []

    class Hearing(Listener):
        def on_reply(self, text, calls):
            heard.append((text, [each.name for each in calls]))

        def on_answer(self, call, answer):
            heard.append((call.name, answer.content))

    house.work(house.ticket(), call("list_dir"), DONE, listener=Hearing())
    assert heard[0] == ("", ["list_dir"])
    assert heard[1][0] == "list_dir"
    assert heard[-1] == ("complete", "done")


def test_the_words_of_a_talk_are_streamed(house):
    pieces = []
    run_id = house.start(Purpose.CHAT, request_id=house.app.store.requests.open("Hello", THE_PERSON, house.clock()))
    context = house.context(run_id, model_of("Hello to you too."), on_piece=pieces.append)
    assert talk(context, "Hello").explanation == "".join(piece.text for piece in pieces) == "Hello to you too."
    assert house.transcript(house.run(run_id))[-1] == Message(Role.ASSISTANT, "Hello to you too.")


def test_a_closed_list_of_reasons_blocks_with_the_reason_given(house):
    ticket = house.ticket()
    house.work(ticket, call("block", reason="missing_access", explanation="webb refuses the login"))
    assert house.status(ticket) == f"blocked {BlockReason.MISSING_ACCESS}"
