"""A run may be killed at any moment: no recorded turn is paid for again, no effect is silently repeated."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanban.domain.message import Message, Role
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_PERSON
from kanban.domain.tool import Effect, Tier
from kanban.store.records import Records
from kanban.tools.base import AnyTool, Arguments, Signature, ToolResult
from tests.support.scripted import DONE, Spy, call, model_of

UNKNOWN = "This run was interrupted after the following call was started"


class Killed(BaseException):
    """SIGKILL, as far as one process can tell: nothing after it is executed."""


class Fuse:
    """Counts steps and kills at the one it was set to; 0 never does."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


class MortalRecords(Records):
    """Real records; the process may be killed right before and right after everything that is written down."""

    def __init__(self, db, fuse):
        super().__init__(db)
        self._fuse = fuse

    def append_message(self, *args):
        self._fuse.burn()
        super().append_message(*args)
        self._fuse.burn()

    def append_reply(self, *args):
        self._fuse.burn()
        super().append_reply(*args)
        self._fuse.burn()

    def mark_started(self, *args):
        self._fuse.burn()
        super().mark_started(*args)
        self._fuse.burn()


class Nothing(Arguments):
    pass


def killed_at(house, run_id, model, *, steps=0, when=None):
    """Play a run and kill it after so many steps of its records, or `when` a message like that is written."""

    class KilledWhen(Records):
        def append_message(self, scribe, seq, message, now):
            if when == "before answer" and message.role is Role.TOOL:
                raise Killed
            super().append_message(scribe, seq, message, now)
            if when == "after answer" and message.role is Role.TOOL:
                raise Killed

        def append_reply(self, *args):
            super().append_reply(*args)
            if when == "after reply":
                raise Killed

        def mark_started(self, *args):
            super().mark_started(*args)
            if when == "after mark":
                raise Killed

    records = KilledWhen(house.app.store.db) if when else MortalRecords(house.app.store.db, Fuse(steps))
    with pytest.raises(Killed):
        house.play(run_id, model, records=records)
    house.lose(run_id)


def lines(house, run):
    log = house.workspace(run) / "log"
    return log.read_text().split() if log.exists() else []


WORK = [call("shell", command="echo once >> log"), DONE, DONE]


@pytest.mark.parametrize(
    ("when", "times", "first_answer"),
    [
        ("after reply", 1, "exit status 0"),
        ("after mark", 0, UNKNOWN),
        ("before answer", 1, UNKNOWN),
        ("after answer", 1, "exit status 0"),
    ],
)
def test_a_killed_run_goes_on_where_it_was(house, when, times, first_answer):
    first = house.claim(house.ticket())
    killed_at(house, first, model_of(*WORK), when=when)
    again = Spy(model_of(*WORK))
    run = house.play(house.next_run(), again)
    assert (run.outcome, run.transcript_of) == ("done", first)
    assert lines(house, run) == ["once"] * times
    assert house.answers(run)[0].startswith(first_answer)
    assert house.rows("SELECT count(*) FROM usage")[0][0] == 2  # one for each turn, however often it was killed


def test_a_killed_run_keeps_its_workspace(house):
    first = house.claim(house.ticket())
    killed_at(house, first, model_of(call("write_file", path="a", content="x"), DONE), when="after answer")
    run = house.play(house.next_run(), model_of(call("write_file", path="a", content="x"), DONE))
    assert house.workspace(run) == house.workspace(house.run(first))
    assert (house.workspace(run) / "a").read_text() == "x"


@pytest.mark.parametrize("when", ["before answer", "after reply"])
def test_a_repeatable_call_is_simply_done_again(house, when):
    steps = [call("write_file", path="a", content="x"), DONE]
    killed_at(house, house.claim(house.ticket()), model_of(*steps), when=when)
    run = house.play(house.next_run(), model_of(*steps))
    assert house.answers(run) == ["wrote 1 bytes to a on local", "done"]


def test_a_run_that_is_killed_before_its_first_turn_begins_its_transcript_once(house):
    first = house.claim(house.ticket())
    killed_at(house, first, model_of(DONE), steps=2)
    run = house.play(house.next_run(), model_of(DONE))
    assert [message.role for message in house.transcript(run)] == [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.TOOL]


def test_a_reminder_is_not_said_twice_because_of_a_kill(house):
    killed_at(house, house.claim(house.ticket()), model_of("I am done.", DONE), steps=8)
    run = house.play(house.next_run(), model_of("I am done.", DONE))
    assert [message.name for message in house.transcript(run)].count("ending_reminder") == 1
    assert run.outcome == "done"


def test_a_note_reaches_the_model_even_when_the_run_that_should_tell_it_is_killed_first(house):
    ticket = house.ticket()
    steps = [call("block", reason="other", explanation="Which port?"), DONE]
    house.work(ticket, *steps)
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock(), note="Take 8080.")
    killed_at(house, house.next_run(), model_of(*steps), steps=1)
    run = house.play(house.next_run(), model_of(*steps))
    assert "Take 8080." in house.told(run)[-1]


def test_a_brief_that_was_changed_meanwhile_reaches_the_model(house):
    ticket = house.ticket()
    steps = [call("block", reason="other", explanation="The path is wrong."), DONE]
    house.work(ticket, *steps)
    house.app.store.board.edit(ticket, THE_PERSON, house.clock(), body="Change /srv/right instead.")
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock())
    run = house.play(house.next_run(), model_of(*steps))
    assert any("Change /srv/right instead." in told for told in house.told(run))
    assert run.outcome == "done"


def test_after_a_mere_crash_nothing_new_is_said(house):
    killed_at(house, house.claim(house.ticket()), model_of(*WORK), when="after answer")
    run = house.play(house.next_run(), model_of(*WORK))
    assert len(house.told(run)) == 1


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.OUT_OF_TURNS])
def test_after_an_end_of_its_own_a_run_starts_afresh_and_is_told_of_the_attempt(house, outcome):
    first = house.claim(house.ticket())
    with pytest.raises(Killed):
        house.play(first, model_of(*WORK), records=MortalRecords(house.app.store.db, Fuse(12)))
    house.lose(first, outcome)
    run = house.play(house.next_run(), model_of(DONE))
    assert run.transcript_of is None
    assert f"by cody: {outcome}" in house.told(run)[0]


# -- any number of kills, anywhere ------------------------------------------------------------------------------------


def pokes(poked: Counter[str], fuse: Fuse) -> dict[str, AnyTool]:
    """`poke` has an effect outside, `look` has none, `finish` ends; the process may die right after the effect too."""

    def poke(_: Nothing) -> ToolResult:
        poked["all"] += 1
        fuse.burn()
        return ToolResult("poked")

    return {
        "poke": Signature("poke", "", Nothing, Effect.BOARD, Tier.SAFE).bind(poke),
        "look": Signature("look", "", Nothing, Effect.LOOK, Tier.READ, repeatable=True).bind(
            lambda _: ToolResult("seen")
        ),
        "finish": Signature("finish", "", Nothing, Effect.BOARD, Tier.SAFE, repeatable=True).bind(
            lambda _: ToolResult("ended", Ending(Outcome.DONE, "over"))
        ),
    }


def play_until_the_end(house, steps, kills):
    """Play a script through all these kills and return how often `poke` acted, the run that ended, and the ending."""
    poked: Counter[str] = Counter()
    first = None
    for kill in [*kills, 0]:
        run_id = house.start(Purpose.CHAT, transcript_of=first)
        first = first or run_id
        fuse = Fuse(kill)
        model = model_of(*steps, *[call("finish")] * (len(kills) + 1))
        context = house.context(run_id, model, records=MortalRecords(house.app.store.db, fuse))
        loop = context.make_loop(pokes(poked, fuse), "finish")
        try:
            ending = loop.run([Message(Role.SYSTEM, "Poke."), Message(Role.USER, "Begin.")])
            break
        except Killed:
            house.lose(run_id)
    return poked["all"], house.run(run_id), ending


calls_of_a_turn = st.lists(st.sampled_from(["poke", "look"]), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(calls_of_a_turn, min_size=1, max_size=3), kills=st.lists(st.integers(1, 20), max_size=4))
def test_whenever_a_run_is_killed_no_effect_is_repeated_and_no_turn_is_paid_twice(house, turns, kills):
    steps = [[call(name) for name in names] for names in turns]
    acted, run, ending = play_until_the_end(house, steps, kills)
    asked = sum(names.count("poke") for names in turns)
    transcript = house.transcript(run)
    told = [message.content for message in transcript if message.name == "poke"]
    answered = sum(answer == "poked" for answer in told)
    unknown = sum(answer.startswith(UNKNOWN) for answer in told)
    assert ending == Ending(Outcome.DONE, "over")
    assert answered + unknown == asked  # every call has one answer
    assert answered <= acted <= asked  # none acted twice, and none is said to have acted that did not
    replies = [message for message in transcript if message.role is Role.ASSISTANT]
    paid = "SELECT count(*) FROM usage JOIN run ON run.id = run_id WHERE run.id = ? OR run.transcript_of = ?"
    first = run.transcript_of or run.id
    assert house.rows(paid, first, first) == [(len(replies),)]
    open_calls = {each.id for reply in replies for each in reply.calls} - {message.call_id for message in transcript}
    assert open_calls == set()


def test_without_kills_every_effect_happens(house):
    acted, _, _ = play_until_the_end(house, [[call("poke"), call("look")], call("poke")], [])
    assert acted == 2
