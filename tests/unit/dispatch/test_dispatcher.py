"""One tick at a time, by hand: what is ended, promoted, split, routed, started and answered."""

import os
import socket
import subprocess
import threading
from types import SimpleNamespace

import pytest

from kanban.dispatch.starts import PAGE
from kanban.domain.brief import Brief, Target
from kanban.domain.capacity import Capacity
from kanban.domain.outcome import MOST_MISHAPS, Outcome, Purpose
from kanban.domain.ticket import THE_PERSON, BlockReason
from kanban.errors import CannotStart, FailureClass, HomeError, ModelError
from kanban.execution.processes import process_started
from kanban.files.yamlfile import edit_yaml
from kanban.store.pauses import JITTER
from kanban.store.runs import Process
from tests.support.scripted import DONE, Collecting, House, call, draft, model_of, read_plain

HERE = socket.gethostname()
BLOCK = call("block", reason="other", explanation="It is stuck.")
LEASE = 30  # seconds, as in kanban.yaml


class TurnedAway:
    """A model whose provider says: not now."""

    name = "turned away"
    window = None

    def complete(self, *_):
        raise ModelError(FailureClass.RATE_LIMITED, "quota used up", "wait")


def dead_process():
    """A process that was here and is gone."""
    process = subprocess.Popen(["true"])
    started = process_started(process.pid) or 0.0
    process.wait()
    return Process(process.pid, started, HERE)


def adopt(house, run_id, process, lease=3600.0):
    house.app.store.runs.adopt(run_id, process, "", house.clock() + lease)


def this_process(**changes):
    own = {"pid": os.getpid(), "started": process_started(os.getpid()), "hostname": HERE}
    return Process(**{**own, **changes})


def fail(house, ticket, profile="cody", outcome=Outcome.FAILED):
    house.lose(house.claim(ticket, profile), outcome)


def started(house, seconds=0.0):
    """What a tick started, as (ticket or request, purpose, profile)."""
    runs = [house.run(run_id) for run_id in house.tick(seconds).started]
    return [(run.ticket_id or run.request_id, run.purpose, run.profile) for run in runs]


# -- an idle board ----------------------------------------------------------------------------------------------------


def test_f29_f33_an_idle_tick_writes_nothing_and_starts_nothing(house):
    done, blocked, waiting = house.ticket("Done"), house.ticket("Blocked"), house.ticket("Waiting")
    house.work(done, DONE)
    house.app.store.board.block(blocked, BlockReason.OTHER, THE_PERSON, house.clock())
    house.work(waiting, call("block", reason="needs_input", explanation="Two ways.", question="Which?"))
    house.ticket("After the blocked one", depends_on=[blocked])
    house.ticket("Later", not_before=house.now + 9999)
    house.ticket("For the person", assignee="human")
    cancelled = house.ticket("Not wanted")
    house.app.store.board.cancel(cancelled, THE_PERSON, house.clock())
    before, changes = house.app.store.queries.last_event_id(), house.total_changes()
    for _ in range(5):
        assert not house.tick(seconds=60).did_anything
    assert (house.app.store.queries.last_event_id(), house.total_changes()) == (before, changes)
    assert house.launcher.runs == []


def test_a_tick_while_work_runs_writes_nothing_either(house):
    run_id = house.claim(house.ticket())
    adopt(house, run_id, this_process())
    house.tick()
    changes = house.total_changes()
    assert not house.tick(seconds=60).did_anything
    assert house.total_changes() == changes


@pytest.mark.parametrize("step", [BLOCK, call("block", reason="needs_input", explanation="x", question="Which?")])
def test_f03_what_is_blocked_is_never_started(house, step):
    ticket = house.ticket()
    house.work(ticket, step)
    purposes = []
    for _ in range(12):
        purposes += [purpose for _, purpose, _ in started(house, seconds=9999)]
    assert purposes == ([] if step != BLOCK else ["diagnose"] * (3 + MOST_MISHAPS))  # nobody carries them out
    assert house.get(ticket).status == "blocked"


def test_f21_triage_that_waits_for_the_person_is_never_touched(house):
    ticket = house.ticket(assignee="human")
    assert [house.tick(9999).did_anything for _ in range(3)] == [False] * 3
    assert house.status(ticket) == "triage"


# -- runs that are lost or overdue ------------------------------------------------------------------------------------


def test_a_run_whose_process_is_gone_is_ended_and_its_ticket_started_again(house):
    ticket = house.ticket()
    run_id = house.claim(ticket)
    adopt(house, run_id, dead_process())
    report = house.tick()
    assert (report.ended, len(report.started)) == ([run_id], 1)
    assert (house.run(run_id).outcome, house.run(run_id).error) == ("infrastructure", "its process is gone")
    assert house.status(ticket) == "running"


def test_f09_a_process_with_the_same_number_and_another_start_is_another_one(house):
    run_id = house.claim(house.ticket())
    adopt(house, run_id, this_process(started=(process_started(os.getpid()) or 0) - 100))
    assert house.tick().ended == [run_id]


def test_f08_a_run_whose_process_lives_and_renews_is_left_alone(house):
    run_id = house.claim(house.ticket())
    adopt(house, run_id, this_process(), lease=100)
    assert house.tick(99).ended == []
    house.app.store.runs.renew(run_id, house.now + 100)
    assert house.tick(99).ended == []


@pytest.mark.parametrize("adopted", [True, False])
def test_f05_a_run_whose_lease_lapsed_is_ended(house, adopted):
    ticket = house.ticket()
    run_id = house.tick().started[0]
    if adopted:
        adopt(house, run_id, this_process(), lease=LEASE)
    assert house.tick(LEASE / 2).ended == []
    report = house.tick(LEASE)
    assert report.ended == [run_id]
    assert house.run(run_id).error == ("its lease lapsed" if adopted else "no process took it up")
    assert house.status(ticket) == "running"


def test_on_the_board_a_run_is_ended_before_its_processes_are(house):
    run_id = house.claim(house.ticket())
    adopt(house, run_id, this_process(), lease=1)
    seen = []
    house.launcher.stop = lambda run: seen.append(house.run(run.id).outcome)
    house.tick(10)
    assert seen == ["infrastructure"]


def test_a_run_on_another_machine_is_judged_by_its_lease_and_its_processes_are_not_ours(house):
    run_id = house.claim(house.ticket())
    adopt(house, run_id, Process(1, 1.0, "elsewhere"), lease=100)
    assert house.tick(50).ended == []
    assert house.tick(100).ended == [run_id]
    assert house.stopped == []


def test_a_brief_may_say_how_many_minutes_its_runs_get(house):
    house.profile("cody", max_minutes=10)
    usual, heavy = house.ticket("Usual"), house.ticket("Heavy", brief=Brief(goal="Heavy.", resources={"minutes": 90}))
    house.tick()
    minutes = {run.ticket_id: (run.deadline - run.started_at) / 60 for run in map(house.run, house.launcher.runs)}
    assert minutes == {usual: 10, heavy: 90}


def test_work_starts_only_where_what_it_asks_of_this_machine_is_left(house, monkeypatch):
    monkeypatch.setattr("kanban.dispatch.dispatcher.measure_machine", lambda: Capacity(cpu=4, memory_mb=1_000))
    house.profile("cody", max_parallel=3)
    first, second = (house.ticket(name, brief=Brief(goal=name, resources={"cpu": 3})) for name in ("Build", "Render"))
    small = house.ticket("Small", brief=Brief(goal="Small."))
    house.tick()
    assert [house.status(number) for number in (first, second, small)] == ["running", "ready", "running"]


def test_work_that_asks_for_more_than_this_machine_has_is_blocked_and_says_so(house):
    number = house.ticket("Train", brief=Brief(goal="Train.", resources={"memory_mb": 10**9}))
    house.tick()
    assert house.status(number) == "blocked unroutable"
    assert "its brief asks for 1000000000 MB of memory, and there are" in house.get(number).explanation


def test_a_run_that_used_up_its_minutes_is_ended_and_that_counts(house):
    house.profile("cody", max_minutes=10, failure_limit=1)
    ticket = house.ticket()
    run_id = house.tick().started[0]
    adopt(house, run_id, this_process(), lease=99_999)
    assert house.tick(9 * 60).ended == []
    report = house.tick(2 * 60)
    assert (report.ended, house.run(run_id).outcome, house.stopped) == ([run_id], "timed_out", [run_id])
    assert house.status(ticket) == "blocked failure_limit"


# -- waiting ----------------------------------------------------------------------------------------------------------


def test_a_ticket_starts_when_all_it_depends_on_is_done_and_not_before(house):
    first, second = house.ticket("First"), house.ticket("Second")
    third = house.ticket("Third", depends_on=[first, second])
    house.work(first, DONE)
    assert house.tick().promoted == []
    house.play(house.launcher.runs[-1], model_of(DONE))
    report = house.tick()
    assert (report.promoted, len(report.started)) == ([third], 1)


def test_a_ticket_starts_when_its_time_has_come(house):
    ticket = house.ticket(not_before=house.now + 100)
    assert started(house, 50) == []
    assert started(house, 60) == [(ticket, "work", "cody")]


def test_f20_what_depends_on_a_cancelled_ticket_is_blocked_and_not_forgotten(house):
    first = house.ticket("First")
    second = house.ticket("Second", depends_on=[first])
    house.app.store.board.cancel(first, THE_PERSON, house.clock())
    assert house.status(second) == "blocked dependency"
    assert started(house) == [(second, "diagnose", "ginger")]


# -- tickets for Ginger -----------------------------------------------------------------------------------------------


def test_a_ticket_for_default_gets_one_decompose_run_at_a_time(house):
    ticket = house.ticket(assignee="default")
    assert started(house) == [(ticket, "decompose", "ginger")]
    assert started(house) == []


def test_a_brief_is_written_and_the_ticket_goes_its_way(house):
    ticket = house.ticket(assignee="default")
    house.play(house.next_run(), model_of(call("split", ticket=ticket, tickets=[draft()])))
    assert started(house) == [(ticket, "work", "cody")]


@pytest.mark.parametrize("outcome", [Outcome.CRASHED, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.OUT_OF_TURNS])
def test_f23_a_decompose_that_keeps_failing_ends_with_the_person(house, outcome):
    ticket = house.ticket(assignee="default")
    for _ in range(2):
        house.lose(house.next_run(), outcome)
    report = house.tick()
    assert (report.started, report.blocked) == ([], [ticket])
    assert house.get(ticket).assignee == "human"
    assert not house.tick().did_anything


def test_f23_a_decompose_that_fails_holds_up_nothing_else(house):
    house.ticket("Broken", assignee="default")
    house.lose(house.next_run(), Outcome.CRASHED)
    other = house.ticket("Fine")
    assert (other, "work", "cody") in started(house)


def test_f13_while_gingers_model_is_turned_away_she_is_not_asked_again_at_once(house):
    ticket = house.ticket(assignee="default")
    house.play(house.next_run(), TurnedAway())
    assert started(house) == []
    assert started(house, seconds=61) == [(ticket, "decompose", "ginger")]


# -- routing ----------------------------------------------------------------------------------------------------------


def test_the_rubric_decides_and_its_reason_is_kept_on_the_run(house):
    house.ticket("Fix the crash", brief=Brief(goal="It starts.", category="bug"), assignee=None)
    run = house.run(house.next_run())
    assert run.profile == "cody"
    assert run.route_reason.startswith("rule code-and-systems: category 'bug'")


def test_f04_a_ticket_whose_profile_is_gone_is_blocked_with_the_reason(house):
    house.profile("temp")
    ticket = house.ticket(assignee="temp")
    (house.path / "profiles" / "temp.yaml").unlink()
    house.restart()
    assert house.tick().blocked == [ticket]
    assert house.status(ticket) == "blocked unroutable"
    assert "no profile is called 'temp'" in house.get(ticket).explanation
    assert not house.tick().did_anything


def test_a_boundary_beats_the_wish_for_a_profile(house):
    ticket = house.ticket("Fix it", brief=Brief(goal="Fix it.", category="code"), assignee="ginger")
    house.tick()
    assert house.status(ticket) == "blocked unroutable"
    assert "not-you-cody" in house.get(ticket).explanation


def test_what_nobody_can_do_is_blocked_with_the_reason(house):
    ticket = house.ticket("Fly", brief=Brief(goal="Fly.", needs=["wings"]))
    house.tick()
    assert house.status(ticket) == "blocked unroutable"
    assert "wings" in house.get(ticket).explanation


def broad():
    return Brief(goal="Change all.", targets=[Target(path=f"/srv/{number}") for number in range(9)], category="code")


def test_a_broad_ticket_is_split_before_anybody_works_on_it(house):
    ticket = house.ticket("Change all", brief=broad(), assignee=None)
    report = house.tick()
    assert (report.to_split, report.started) == ([ticket], [])
    assert (house.status(ticket), house.get(ticket).assignee) == ("triage", "default")
    assert started(house) == [(ticket, "decompose", "ginger")]


def test_what_came_out_of_a_split_is_not_split_again_by_itself(house):
    ticket = house.ticket("Change all", brief=broad(), assignee=None)
    house.tick()
    child = draft("Survey the ports", category="survey")
    house.play(house.next_run(), model_of(call("split", ticket=ticket, tickets=[child, draft("Write b", "/srv/b")])))
    assert [purpose for _, purpose, _ in started(house)] == ["work", "work"]


def test_a_person_who_names_a_profile_is_not_overruled_by_breadth(house):
    ticket = house.ticket("Change all", brief=broad(), assignee="cody")
    assert started(house) == [(ticket, "work", "cody")]


def test_a_changed_rubric_counts_at_the_next_tick(house):
    text = (house.path / "rubric.yaml").read_text()
    assert house.tick().did_anything is False
    (house.path / "rubric.yaml").write_text(
        text.replace("    assign: cody\n    reason: Nothing above", "    assign: scout\n    reason: Nothing above")
    )
    ticket = house.ticket("Anything", assignee=None)
    assert started(house) == [(ticket, "work", "scout")]


# -- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "outcome", [Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.OUT_OF_TURNS, Outcome.FAILED, Outcome.LOOPING]
)
def test_f15_the_failure_limit_holds_on_every_path(house, outcome):
    ticket = house.ticket()
    fail(house, ticket, outcome=outcome)
    fail(house, ticket, outcome=outcome)
    assert house.tick().blocked == [ticket]
    assert house.status(ticket) == "blocked failure_limit"
    assert "cody has failed it 2 times" in house.get(ticket).explanation


def test_f38_the_ladder_names_who_comes_next(house):
    ticket = house.ticket(assignee="scout")
    fail(house, ticket, "scout")
    fail(house, ticket, "scout")
    assert started(house) == [(ticket, "work", "cody")]
    assert "the ladder names cody next" in house.run(house.launcher.runs[-1]).route_reason


def test_another_profile_starts_with_a_transcript_of_its_own(house):
    ticket = house.ticket(assignee="scout")
    fail(house, ticket, "scout", Outcome.CRASHED)
    fail(house, ticket, "scout", Outcome.CRASHED)
    run = house.run(house.next_run())
    assert (run.profile, run.transcript_of, run.workspace) == ("cody", None, "")


def test_f15_a_ticket_has_twelve_runs_at_most(house):
    house.profile("cody", failure_limit=99)
    ticket = house.ticket()
    for _ in range(12):
        house.lose(house.next_run())
    assert house.tick().blocked == [ticket]
    assert house.status(ticket) == "blocked failure_limit"
    assert house.get(ticket).explanation == "it has had 12 runs"


def test_a_person_who_unblocks_gives_the_profile_its_tries_back(house):
    ticket = house.ticket()
    fail(house, ticket)
    fail(house, ticket)
    house.tick()
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock(), note="The disk is free again.")
    assert started(house) == [(ticket, "work", "cody")]


def test_f13_quota_does_not_count_and_the_ticket_waits_longer_each_time(house):
    ticket = house.ticket()
    waits = []
    for _ in range(3):
        house.play(house.next_run(), TurnedAway())
        waits.append(house.get(ticket).not_before - house.now)
        assert (house.status(ticket), started(house)) == ("ready", [])
        house.now = house.get(ticket).not_before
    assert all(least - 1 < wait <= least * (1 + JITTER) for wait, least in zip(waits, (30, 60, 120), strict=True))
    run = house.play(house.next_run(), model_of(DONE))
    assert (run.outcome, run.transcript_of) == ("done", 1)


def test_a_run_that_was_cut_off_goes_on_in_its_transcript_and_workspace(house):
    first = house.play(house.claim(house.ticket()), TurnedAway())
    house.now += 60
    run = house.run(house.next_run())
    assert (run.transcript_of, run.workspace) == (first.id, first.workspace)
    house.lose(run.id)
    assert house.run(house.next_run()).transcript_of == first.id  # the run that began it names the transcript


def test_f15_the_failure_limit_holds_although_the_clock_was_set_back(house):
    ticket = house.ticket()
    house.app.store.board.block(ticket, BlockReason.OTHER, THE_PERSON, house.clock())
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock())
    house.now -= 3600
    fail(house, ticket)
    fail(house, ticket)
    house.tick()
    assert house.status(ticket) == "blocked failure_limit"


def test_what_is_reopened_goes_on_with_the_persons_words(house):
    ticket = house.ticket()
    first = house.work(ticket, call("write_file", path="a.md", content="Hello"), DONE)
    house.app.store.board.reopen(ticket, THE_PERSON, house.clock(), "It lacks a greeting to the cat.")
    again = house.play(house.next_run(), model_of(BLOCK, DONE, call("read_file", path="a.md"), DONE))
    assert (again.transcript_of, again.outcome, house.status(ticket)) == (first.id, "done", "done")
    assert "It lacks a greeting to the cat." in house.told(again)[-1]
    assert read_plain(house.answers(again)[-2]) == "1\tHello"


# -- slots ------------------------------------------------------------------------------------------------------------


def test_what_is_urgent_comes_first_and_what_is_older_before_the_rest(house):
    house.set(slots=3)
    house.profile("cody", max_parallel=9)
    first, second = house.ticket("First"), house.ticket("Second")
    house.ticket("Third")
    urgent = house.ticket("Urgent", priority=5)
    assert [ticket for ticket, _, _ in started(house)] == [urgent, first, second]


def test_f18_no_more_runs_than_slots_however_many_ticks(house):
    house.set(slots=3)
    house.profile("cody", max_parallel=2)
    for number in range(8):
        house.ticket(f"For cody {number}")
        house.ticket(f"For scout {number}", assignee="scout")
    for _ in range(4):
        house.tick()
    profiles = [house.run(run_id).profile for run_id in house.launcher.runs]
    assert sorted(profiles) == ["cody", "cody", "scout"]


def test_nothing_waits_for_ever_behind_what_cannot_start(house):
    house.set(slots=4)
    house.profile("scout", max_parallel=1)
    urgent = [house.ticket(f"For scout {number}", assignee="scout", priority=1) for number in range(2 * PAGE + 10)]
    behind = house.ticket("For cody")
    dispatcher = house.dispatcher
    runs = [run_id for _ in range(3) for run_id in dispatcher.tick(house.clock()).started]
    assert [house.run(run_id).ticket_id for run_id in runs] == [urgent[0], behind]


def test_f34_a_busy_host_is_waited_for_and_other_work_goes_on(house):
    house.hosts(webb={"max_parallel": 1})
    edit_yaml(house.path / "rubric.yaml", lambda data: data.update(review=None))
    on_webb = Brief(goal="Change it.", targets=[Target(path="/a", host="webb")])
    first, second = (house.ticket(title, brief=on_webb) for title in ("First", "Second"))
    other = house.ticket("Other")
    assert [ticket for ticket, _, _ in started(house)] == [first, other]
    house.play(house.launcher.runs[0], model_of(DONE))
    assert [ticket for ticket, _, _ in started(house)] == [second]


def test_a_talk_does_not_keep_work_from_starting(house):
    house.set(slots=1)
    house.start(Purpose.CHAT, request_id=house.app.store.requests.open("Hello.", THE_PERSON, house.clock()))
    assert len(started(house)) == 0
    ticket = house.ticket()
    assert started(house) == [(ticket, "work", "cody")]


def test_what_cannot_be_launched_is_not_claimed(house):
    class Broken(Collecting):
        def start(self):
            raise HomeError("the disk is full", "free some space")

    house.launcher = Broken()
    ticket = house.ticket()
    with pytest.raises(HomeError):
        house.tick()
    assert house.status(ticket) == "ready"
    assert house.app.store.queries.runs_of_ticket(ticket) == []


# -- answers ----------------------------------------------------------------------------------------------------------


def test_a_request_is_answered_when_its_last_ticket_is_settled(house):
    request, [first, second] = house.ask("Two things.", "First", "Second")
    house.work(first, DONE)
    assert [purpose for _, purpose, _ in started(house)] == ["work"]
    house.app.store.board.cancel(second, THE_PERSON, house.clock())
    assert started(house) == [(request, "synthesize", "ginger")]
    assert started(house) == []


def test_a_request_with_a_blocked_ticket_is_not_settled(house):
    _, [ticket] = house.ask("One thing.", "First")
    house.work(ticket, BLOCK)
    assert started(house) == [(ticket, "diagnose", "ginger")]


def settled_request(house):
    request, [ticket] = house.ask("One thing.", "First")
    house.work(ticket, call("complete", summary="The port is open."))
    return request, ticket


def test_a_request_whose_answer_fails_gets_the_receipts_instead_of_silence(house):
    request, ticket = settled_request(house)
    for _ in range(2):
        house.lose(house.next_run(), Outcome.CRASHED)
    assert house.tick().answered == [request]
    answer = house.app.store.queries.get_request(request).answer
    assert answer.startswith("The orchestrator could not write an answer.")
    assert f"- #{ticket} First: done" in answer and "  - The port is open." in answer
    assert not house.tick().did_anything


def test_f23_an_answer_in_mere_words_is_tried_twice_and_not_for_ever(house):
    request, _ = settled_request(house)
    for _ in range(2):
        assert house.play(house.next_run(), model_of("It is open.", "Really.")).outcome == "failed"
    assert house.tick().answered == [request]


def test_f13_an_answer_waits_while_the_model_is_turned_away(house):
    request, _ = settled_request(house)
    house.play(house.next_run(), TurnedAway())
    assert started(house) == []
    assert started(house, seconds=61) == [(request, "synthesize", "ginger")]


# -- a whole request --------------------------------------------------------------------------------------------------


def test_a_request_runs_through_from_words_to_answer(house):
    made = {
        "criteria": [{"text": "a.txt is there.", "check": "test -f a.txt"}],
        "targets": [{"path": "a.txt"}],
        "deliverables": ["a.txt"],
    }
    first, second = draft("Make one", **made), draft("Make two", **made)
    said = house.talk("Make both.", call("file_tickets", tickets=[first, {**second, "after": ["Make one"]}]), "Filed.")
    house.script("cody", call("write_file", path="a.txt", content="x"), call("complete", summary="Made."))
    claims = [{"ticket": number, "claim": "It is made.", "evidence": "the check passed"} for number in (1, 2)]
    house.script("ginger", call("answer", text="Both are made.", claims=claims))
    house.play_all()
    request = house.app.store.queries.get_request(said.request_id)
    assert request.status == "answered"
    assert request.answer.startswith("Both are made.\n\nReceipts:")
    assert [house.status(number) for number in (1, 2)] == ["done", "done"]
    assert not house.tick().did_anything


# -- two dispatchers, and a stop --------------------------------------------------------------------------------------


def test_f07_two_dispatchers_on_one_board_start_each_ticket_once(house):
    house.set(slots=40)
    house.profile("cody", max_parallel=40)
    house.profile("ginger", max_parallel=40)
    tickets = [house.ticket(f"Ticket {number}") for number in range(10)]
    triage = [house.ticket(f"Triage {number}", assignee="default") for number in range(5)]
    requests = [settled_request(house)[0] for _ in range(3)]
    start = threading.Barrier(2)

    def dispatch(own: House) -> None:
        start.wait()
        for _ in range(3):
            own.tick()
        own.close()

    both = [House(house.path), House(house.path)]
    threads = [threading.Thread(target=dispatch, args=(own,)) for own in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    launched = [house.run(run_id) for own in both for run_id in own.launcher.runs]
    assert len(launched) == len({run.id for run in launched}) == 18
    assert sorted(run.ticket_id for run in launched if run.ticket_id) == sorted(tickets + triage)
    assert sorted(run.request_id for run in launched if not run.ticket_id) == requests


def test_a_stop_that_hands_back_makes_the_work_ready_again(house):
    tickets = [house.ticket("First"), house.ticket("Second"), house.ticket("Elsewhere")]
    adopted, fresh, elsewhere = house.tick().started
    adopt(house, adopted, this_process())
    adopt(house, elsewhere, Process(1, 1.0, "elsewhere"))
    talk = house.start(Purpose.CHAT, request_id=house.app.store.requests.open("Hello.", THE_PERSON, house.clock()))
    assert house.dispatcher.hand_back(house.clock()) == [adopted, fresh]
    assert [house.status(ticket) for ticket in tickets] == ["ready", "ready", "running"]
    assert house.run(adopted).outcome == "cancelled"
    assert house.stopped == [adopted]
    assert house.run(talk).outcome is None


def test_what_was_handed_back_goes_on_and_has_failed_nothing(house):
    house.profile("cody", failure_limit=1)
    ticket = house.ticket()
    first = house.next_run()
    house.dispatcher.hand_back(house.clock())
    assert started(house) == [(ticket, "work", "cody")]
    assert house.run(house.launcher.runs[-1]).transcript_of == first


def test_a_blocked_reason_is_one_of_the_closed_list(house):
    house.ticket("Fly", brief=Brief(goal="Fly.", needs=["wings"]))
    house.tick()
    assert house.rows("SELECT DISTINCT block_reason FROM ticket") == [(str(BlockReason.UNROUTABLE),)]


# -- a machine that cannot --------------------------------------------------------------------------------------------


def fail_to(house, verb):
    def refuse(*_):
        raise CannotStart("runs/ is full", "free some space")

    setattr(house.launcher, verb, refuse)


def test_f59_what_cannot_be_started_is_not_claimed_and_the_person_is_told_once_a_day(house):
    ticket = house.ticket()
    fail_to(house, "start")
    for _ in range(3):
        with pytest.raises(CannotStart):
            house.tick(60)
    assert (house.status(ticket), house.app.store.queries.runs_of_ticket(ticket)) == ("ready", [])
    assert house.rows("SELECT text FROM notice") == [("runs cannot start: runs/ is full (free some space)",)]
    del house.launcher.start
    assert len(house.tick().started) == 1


def test_f59_a_run_that_could_not_be_launched_costs_its_ticket_nothing(house):
    ticket = house.ticket()
    fail_to(house, "launch")
    with pytest.raises(CannotStart):
        house.tick()
    (run,) = house.app.store.queries.runs_of_ticket(ticket)
    assert (run.outcome, house.status(ticket)) == ("infrastructure", "ready")
    assert house.app.store.due.failures_by_profile(ticket, Purpose.WORK) == {}


def test_f23_f59_a_run_that_the_machine_always_ends_is_tried_less_often_and_not_for_ever(house):
    ticket = house.ticket()
    for _ in range(60):
        for run_id in house.tick(3700).started:
            adopt(house, run_id, dead_process())
    assert house.get(ticket).block_reason == "failure_limit"
    outcomes = [run.outcome for run in house.app.store.queries.runs_of_ticket(ticket) if run.purpose == "work"]
    assert set(outcomes) == {"infrastructure"} and MOST_MISHAPS < len(outcomes) < 20
    told = [text for (text,) in house.rows("SELECT text FROM notice")]
    assert any("5 work runs were ended by this machine and not by their work" in text for text in told)


def test_a_lease_begins_after_the_launcher_was_waited_for(house, monkeypatch):
    """The model library takes seconds to load; the claim must not have lapsed by then."""
    waited = iter([0.0, 40.0])  # only the starter's own clock: other threads look at theirs
    monkeypatch.setattr("kanban.dispatch.starts.time", SimpleNamespace(monotonic=lambda: next(waited)))
    house.ticket()
    (run_id,) = house.tick().started
    assert house.run(run_id).lease_until == house.now + 40 + LEASE


def test_while_everything_is_stopped_a_tick_only_hands_back_what_runs(house):
    busy, waiting = house.ticket(), house.ticket("Later")
    adopt(house, house.claim(busy), this_process())
    house.app.home.stop_file.write_text("fire")
    launcher = house.app.launcher
    launcher.stop = lambda run: None  # the run's process is this one
    report = house.tick()
    assert (len(report.ended), report.started) == (1, [])
    assert [house.status(busy), house.status(waiting)] == ["ready", "ready"]
    house.app.home.stop_file.unlink()
    assert house.tick().started
