"""What goes wrong is routed to someone: investigated, sent back, asked about or waited out; nothing ends in silence."""

import threading

import pytest

from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.ticket import Kind, Status
from kanban.execution.processes import is_alive
from kanban.files.yamlfile import edit_yaml
from tests.support.daemon import daemon, kanban, wait_for, wait_for_status
from tests.support.home import edit_profile, file_ticket, make_home
from tests.support.openai_server import call, fail
from tests.support.stories import count_repeated, last_answers

LEASE = 2.0
STALE_SECONDS = 3.0
STORM = 20


@pytest.fixture
def settings():
    return {"lease_seconds": LEASE}


@pytest.fixture
def home(tmp_path, openai_server, settings):
    return make_home(tmp_path / "home", openai_server, **settings)


def outcomes(home, ticket_id):
    return [(run.purpose, run.profile, run.outcome) for run in home.store.queries.runs_of_ticket(ticket_id)]


def was_told(request, words):
    return any(words in str(message.get("content")) for message in request["messages"] if message["role"] == "user")


@pytest.mark.slow
def test_f36_a_blocked_ticket_is_investigated_decided_and_done(home, stage):
    """Blocked → Ginger has it looked into → Cody reports → Ginger lets it go on with what was found → done."""
    stage.part(
        "cody",
        "Read the meter",
        call("block", reason="missing_access", explanation="The serial port gives nothing but noise."),
        call("write_file", path="note.txt", content="4711 kWh\n"),
        call("complete", summary="The meter stands at 4711 kWh."),
    )
    stage.part(
        "cody",
        "Worrell: investigate blocked ticket 1",
        call("shell", command="echo 9600"),
        call("complete", summary="The meter speaks at 300 baud."),  # not a verdict: it comes back
        call(
            "complete",
            summary="The meter speaks at 300 baud.",
            cause="The port was read at 9600 baud.",
            recommendation="unblock",
            note="Read it at 300 baud.",
        ),
    )
    stage.part("ginger", "Read the meter", call("investigate", ticket=1, questions=["Which baud rate does it speak?"]))
    stage.part(
        "ginger",
        "The port was read at 9600 baud",
        call("unblock", ticket=1, note="Read the port at 300 baud, not at 9600."),
    )
    ticket = file_ticket(home, "Read the meter", "grep -q 4711 note.txt")
    with daemon(home):
        wait_for_status(home, ticket, Status.DONE)
        worrell = home.store.queries.get_ticket(ticket + 1)
        wait_for_status(home, worrell.id, Status.DONE)
    assert (worrell.kind, worrell.about_id, worrell.title) == (
        Kind.WORRELL,
        ticket,
        "Worrell: investigate blocked ticket 1",
    )
    assert outcomes(home, ticket) == [
        ("work", "cody", "blocked"),
        ("diagnose", "ginger", "done"),
        ("diagnose", "ginger", "done"),
        ("work", "cody", "done"),
    ]
    pack = home.store.queries.read_brief(worrell.id)[1]
    assert "nothing but noise" in pack and "Read the meter, and nothing else." in pack
    refused = last_answers(stage.requests_of("cody", "Worrell")[2])[0]
    assert "cause" in refused and "recommendation" in refused
    assert was_told(stage.requests_of("cody", "Read the meter")[-2], "Read the port at 300 baud")
    assert count_repeated(stage.requests_of("cody")) == 0


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"lease_seconds": LEASE, "stale_after_hours": STALE_SECONDS / 3600}])
def test_f16_f30_a_worker_that_hangs_is_found_although_its_pulse_goes_on(home, stage, tmp_path):
    """The lease is renewed all the time; what counts is that nothing gets done."""
    hang = f"sh -c 'echo $$ > {tmp_path}/child; exec setsid sleep 600' & sleep 600"
    stage.part(
        "cody",
        "Copy the backups",
        call("shell", command=hang, timeout=600),
        call("complete", summary="Copied in small pieces."),
    )
    stage.part(
        "ginger",
        "Copy the backups",
        call("unblock", ticket=1, note="Slow disk: copy a hundred files at a time."),
    )
    ticket = file_ticket(home, "Copy the backups")
    with daemon(home):
        (run,) = wait_for(home, lambda: [r for r in home.store.due.live_runs() if r.pid])
        wait_for(home, lambda: (tmp_path / "child").exists())
        wait_for_status(home, ticket, Status.DONE)
    assert not is_alive(run.pid, run.pid_started)
    assert not is_alive(int((tmp_path / "child").read_text()), None)
    assert outcomes(home, ticket) == [
        ("work", "cody", "stale"),
        ("diagnose", "ginger", "done"),
        ("work", "cody", "done"),
    ]
    (asked,) = stage.requests_of("ginger")
    told = asked["messages"][-1]["content"]
    assert "Did it crash, did it loop, or is the work slow?" in told and "setsid sleep 600" in told
    resumed = stage.requests_of("cody")[1]
    assert "interrupted after the following call was started" in last_answers(resumed)[-1]


@pytest.mark.slow
def test_f31_f32_what_is_delivered_is_reviewed_by_another_who_may_send_it_back(home, stage):
    edit_yaml(home.home.path / "rubric.yaml", lambda data: data.update(review={}))
    stage.part(
        "cody",
        "Write the list",
        call("write_file", path="note.txt", content="TODO\n"),
        call("complete", summary="The list is written."),
        call("write_file", path="note.txt", content="apples\npears\n"),
        call("complete", summary="The list names apples and pears."),
    )
    finding = "note.txt holds the word TODO and no list"

    def judge(request, _):
        _, shown = last_answers(request)
        holds = "apples" in shown
        return call("verdict", passed=holds, findings=["note.txt was read" if holds else finding])

    looks = call("run_check", criterion=1) + call("read_file", path="note.txt")
    stage.part("checker", "Write the list", looks, judge)
    ticket = file_ticket(home, "Write the list", "test -s note.txt")
    with daemon(home):
        wait_for_status(home, ticket, Status.DONE)
    assert outcomes(home, ticket) == [
        ("work", "cody", "done"),
        ("review", "checker", "done"),
        ("work", "cody", "done"),
        ("review", "checker", "done"),
    ]
    sent_back = stage.requests_of("cody")[2]
    assert was_told(sent_back, finding) and was_told(sent_back, "what you delivered does not hold yet")
    assert count_repeated(stage.requests_of("cody")) == 0
    reviews = [run for run in home.store.queries.runs_of_ticket(ticket) if run.purpose == Purpose.REVIEW]
    assert {run.reviewed for run in reviews} == {"cody"}


@pytest.mark.slow
def test_a_question_reaches_the_person_and_the_answer_reaches_the_worker(home, stage, receiver):
    edit_yaml(home.home.path / "kanban.yaml", lambda data: data.update(notify=[receiver.url]))
    stage.part(
        "cody",
        "Paint the door",
        call("block", reason="needs_input", explanation="Two pots are there.", question="Green or blue?"),
        call("complete", summary="Painted."),
    )
    ticket = file_ticket(home, "Paint the door")
    with daemon(home):
        wait_for(home, lambda: any("Green or blue?" in message for message in receiver.messages))
        why = kanban(home, "why", str(ticket))
        assert "Green or blue?" in why.stdout and f"kanban unblock {ticket}" in why.stdout
        answered = kanban(home, "unblock", str(ticket), "--note", "Green, and two coats.")
        assert answered.returncode == 0, answered.stderr
        wait_for_status(home, ticket, Status.DONE)
        again = kanban(home, "unblock", str(ticket), "--note", "Blue after all.")
    assert again.returncode == 4 and f"ticket {ticket} is done" in again.stderr
    assert was_told(stage.requests_of("cody")[1], "Green, and two coats.")
    assert stage.requests_of("ginger") == []
    assert sum("Green or blue?" in message for message in receiver.messages) == 1


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"slots": STORM, "lease_seconds": 10}])
def test_f13_a_quota_storm_of_twenty_runs_is_one_pause_and_one_notice_and_all_are_done_later(home, stage, receiver):
    """All of them ask at the same moment and all are turned away; later all go on, and none has a failure."""
    edit_yaml(home.home.path / "kanban.yaml", lambda data: data.update(notify=[receiver.url]))
    edit_profile(home.home.path, "cody", max_parallel=STORM)
    together, quota_is_spent = threading.Barrier(STORM), threading.Event()
    quota_is_spent.set()

    def answer(_request, _found):
        if not quota_is_spent.is_set():
            return call("complete", summary="Counted.")
        together.wait(60)
        return fail(429, "daily quota exhausted", headers={"Retry-After": "600"})

    stage.part("cody", "Count the sheep", answer)
    tickets = [file_ticket(home, f"Count the sheep of meadow {number}") for number in range(STORM)]
    with daemon(home):
        wait_for(home, lambda: all(outcomes(home, ticket) == [TURNED_AWAY] for ticket in tickets), seconds=90)
        wait_for(home, lambda: receiver.messages)
        assert list(home.store.pauses.active(home.clock())) == ["openai/cody"]
        quota_is_spent.clear()
        end_pauses(home)
        for ticket in tickets:
            wait_for_status(home, ticket, Status.DONE)
    assert [outcomes(home, ticket) for ticket in tickets] == [[TURNED_AWAY, ("work", "cody", "done")]] * STORM
    assert all(home.store.due.failures_by_profile(ticket, Purpose.WORK) == {} for ticket in tickets)
    (paused,) = [message for message in receiver.messages if "is paused" in message]
    assert "daily quota exhausted" in paused


TURNED_AWAY = (Purpose.WORK, "cody", Outcome.RATE_LIMITED)


def end_pauses(home):
    """As if the hour of the pause were over."""
    with home.store.db.write() as tx:
        tx.exec_driver_sql("DELETE FROM model_pause")
        tx.exec_driver_sql("UPDATE ticket SET not_before = 0")
