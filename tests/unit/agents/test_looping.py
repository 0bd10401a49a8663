"""The same call with the same result, again and again: one warning, then the end of the run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.agents.loop import END_AFTER, END_HOPELESS, END_IDLE, WARN_AFTER, WARN_OF_IDLE
from kanban.domain.message import Message, Role, ToolCall
from kanban.domain.ticket import THE_PERSON
from kanban.domain.transcript import LOOPING, NEWS, count_repeats
from tests.support.scripted import DONE, call, model_of

SAME = call("shell", command="cat /nowhere")
COUNT = call("shell", command="echo x >> log; wc -l < log")


def warnings(house, run):
    return [place for place, message in enumerate(house.transcript(run)) if message.name == LOOPING]


def test_f30_a_run_that_goes_in_circles_is_warned_once_and_then_ended(house):
    ticket = house.ticket()
    run = house.work(ticket, *[SAME] * 20)
    assert (run.outcome, run.turns, house.status(ticket)) == ("looping", END_AFTER, "ready")
    assert run.error == f"the same call gave the same result {END_AFTER} times in a row"
    [place] = warnings(house, run)
    told = house.transcript(run)
    assert sum(message.role is Role.ASSISTANT for message in told[:place]) == WARN_AFTER
    assert f"The last {WARN_AFTER} turns made the same call and got the same result." in told[place].content


FALSE = "test -e nowhere"
LIE = call("complete", summary="It is done.")
WRONG = call("shell", cmd="ls")


def test_the_same_claim_against_the_same_failures_ends_the_run_at_the_second_time(house):
    run = house.work(house.ticket("Lie", FALSE), *[LIE] * 6)
    assert (run.outcome, run.turns) == ("looping", END_HOPELESS)
    assert run.error == "the same claim met the same failures 2 times, and nothing was changed"


def test_looking_between_two_equal_claims_changes_nothing_about_it(house):
    run = house.work(house.ticket("Lie", FALSE), LIE, call("list_dir"), LIE, LIE)
    assert (run.outcome, run.turns) == ("looping", 3)


def test_who_changes_something_between_two_claims_goes_on(house):
    steps = [LIE, call("shell", command="true"), LIE, call("shell", command="touch nowhere"), LIE]
    assert house.work(house.ticket("Try", FALSE), *steps).outcome == "done"


def test_the_same_call_that_cannot_be_read_ends_the_run_at_the_second_time(house):
    run = house.work(house.ticket(), *[WRONG] * 6)
    assert (run.outcome, run.turns) == ("looping", END_HOPELESS)


def test_the_run_after_a_lie_begins_with_what_failed(house):
    ticket = house.ticket("Lie", FALSE)
    house.work(ticket, *[LIE] * 6)
    again = house.play(house.next_run(), model_of(DONE))
    told = house.told(again)[0]
    assert "the same claim met the same failures" in told and "Exit status 1" in told


def test_who_does_something_else_after_the_warning_goes_on(house):
    run = house.work(house.ticket(), *[SAME] * 3, call("list_dir"), *[SAME] * 2, DONE)
    assert run.outcome == "done" and len(warnings(house, run)) == 1


def test_the_same_call_with_another_result_each_time_is_no_circle(house):
    run = house.work(house.ticket(), *[COUNT] * 10, DONE)
    assert run.outcome == "done" and warnings(house, run) == []


def test_the_same_result_of_different_calls_is_no_circle(house):
    run = house.work(house.ticket(), *[call("shell", command=f"true {number}") for number in range(10)], DONE)
    assert run.outcome == "done" and warnings(house, run) == []


def test_a_pair_of_calls_that_repeats_is_a_circle_too(house):
    run = house.work(house.ticket(), *[[SAME, call("list_dir")]] * 20)
    assert (run.outcome, run.turns) == ("looping", END_AFTER)


def test_going_in_circles_counts_towards_the_failure_limit(house):
    ticket = house.ticket()
    house.work(ticket, *[SAME] * 9)
    house.play(house.next_run(), model_of(*[SAME] * 9))
    assert house.tick().blocked == [ticket] and house.status(ticket) == "blocked failure_limit"


@pytest.mark.parametrize("kill_after", range(1, END_AFTER))
def test_a_kill_does_not_make_the_circle_begin_anew(house, kill_after):
    run_id = house.claim(house.ticket())

    class Killed(BaseException):
        pass

    class Mortal:
        name = "mortal"
        window = None
        asked = 0

        def complete(self, *args):
            self.asked += 1
            if self.asked > kill_after:
                raise Killed
            return model_of(*[SAME] * 20).complete(*args)

    with pytest.raises(Killed):
        house.play(run_id, Mortal())
    house.lose(run_id)
    run = house.play(house.next_run(), model_of(*[SAME] * 20))
    assert run.outcome == "looping" and len(warnings(house, run)) == 1
    assert sum(message.role is Role.ASSISTANT for message in house.transcript(run)) == END_AFTER


def test_what_the_person_says_begins_a_new_count(house):
    ticket = house.ticket()
    steps = [*[SAME] * 5, call("block", reason="other", explanation="It is not there."), *[SAME] * 5, DONE]
    house.work(ticket, *steps)
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock(), note="It will be there in a minute.")
    run = house.play(house.next_run(), model_of(*steps))
    assert run.outcome == "done"


TURNS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), max_size=12)


@given(TURNS)
def test_repeats_are_counted_from_the_last_turn_backwards(turns):
    transcript = [Message(Role.USER, "go")]
    for number, (name, result) in enumerate(turns):
        transcript.append(Message(Role.ASSISTANT, "", (ToolCall(f"c{number}", name, "{}"),)))
        transcript.append(Message(Role.TOOL, result, call_id=f"c{number}", name=name))
    expected = 0
    while expected < len(turns) and turns[-1 - expected] == turns[-1]:
        expected += 1
    assert count_repeats(transcript) == expected
    assert count_repeats([*transcript, Message(Role.USER, "news", name=NEWS)]) == 0


def waiting(turn):
    return call("shell", command=f"sleep 0; echo try {turn} at 12:00:{turn:02d}")


def test_idle_calls_that_vary_only_in_a_number_are_warned_of_and_then_end_the_run(house):
    run = house.work(house.ticket(), *[waiting(turn) for turn in range(40)])
    assert (run.outcome, run.turns) == ("looping", END_IDLE)
    assert run.error == f"{END_IDLE} calls in a row differed, with their results, only in a number or a time"
    [place] = warnings(house, run)
    assert f"The last {WARN_OF_IDLE} turns differed, with their results, only in a number or a time." in (
        house.transcript(run)[place].content
    )


def test_calls_whose_words_differ_or_that_write_are_never_idle(house):
    letters = [f"{chr(97 + turn)}{chr(98 + turn)}" for turn in range(22)]
    different = [call("shell", command=f"echo {word}") for word in letters]
    written = [call("write_file", path=f"{turn}.md", content=f"# Part {turn}") for turn in range(22)]
    run = house.work(house.ticket(), *different, *written, DONE)
    assert run.outcome == "done" and warnings(house, run) == []
