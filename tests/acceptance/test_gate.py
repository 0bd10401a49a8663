"""Risky calls wait for the person, are carried out once when allowed, and nobody else can allow them."""

import json
from pathlib import Path

import pytest

from kanban.domain.outcome import Outcome
from kanban.domain.ticket import BlockReason, Status
from kanban.execution.processes import is_alive
from tests.support.daemon import command_line, kanban, wait_for, wait_for_status
from tests.support.home import file_ticket
from tests.support.openai_server import call
from tests.support.stories import count_repeated, last_answers


@pytest.fixture
def home(shared):
    return shared.home


@pytest.fixture
def stage(shared):
    return shared.stage


@pytest.fixture
def attic(tmp_path):
    """A folder outside of any workspace, with something in it."""
    folder = tmp_path / "attic"
    (folder / "old").mkdir(parents=True)
    return folder


def wait_for_question(home, ticket_id):
    """Wait until the ticket waits for an approval, and return that."""
    wait_for_status(home, ticket_id, Status.BLOCKED)
    assert home.store.queries.get_ticket(ticket_id).block_reason == BlockReason.NEEDS_APPROVAL
    (asked,) = [approval for approval in home.store.approvals.list_pending() if approval.ticket_id == ticket_id]
    return asked


def test_a_risky_call_waits_without_a_process_and_is_carried_out_once_when_approved(home, stage, attic):
    command = f"rm -rf {attic} && echo gone >> {attic}.log"
    stage.part(
        "cody",
        "Clear the attic",
        call("write_file", path="plan.md", content="Remove the attic."),
        call("shell", command=command),
        call("complete", summary="The attic is gone."),
    )
    ticket = file_ticket(home, "Clear the attic", f"test ! -e {attic}")
    asked = wait_for_question(home, ticket)
    parked = home.store.queries.get_run(asked.run_id)
    assert parked.outcome == Outcome.PARKED
    wait_for(home, lambda: not is_alive(parked.pid, parked.pid_started))
    assert attic.exists()
    check_that_the_exact_call_is_shown(home, asked, command)

    approved = kanban(home, "approve", str(asked.id))
    assert approved.returncode == 0, approved.stderr
    wait_for_status(home, ticket, Status.DONE)
    assert Path(f"{attic}.log").read_text() == "gone\n"
    assert [run.outcome for run in home.store.queries.runs_of_ticket(ticket)] == [Outcome.PARKED, Outcome.DONE]
    requests = stage.requests_of("cody", "Clear the attic")
    assert len(requests) == 3 and count_repeated(requests) == 0

    again = kanban(home, "approve", str(asked.id))
    assert again.returncode == 4 and f"approval {asked.id} is used, not pending" in again.stderr


def check_that_the_exact_call_is_shown(home, asked, command):
    shown = kanban(home, "approvals").stdout
    assert command in shown and "removes a folder outside of the workspace" in shown
    listed = json.loads(kanban(home, "approvals", "--json").stdout)["data"]
    assert [one["arguments"] for one in listed if one["id"] == asked.id] == [{"command": command}]


def test_a_denied_call_is_not_made_and_the_worker_is_told_why(home, stage, attic):
    stage.part(
        "cody",
        "Empty the attic",
        call("shell", command=f"rm -rf {attic}"),
        call("block", reason="other", explanation="The attic must stay, so there is nothing to do."),
    )
    ticket = file_ticket(home, "Empty the attic")
    asked = wait_for_question(home, ticket)
    denied = kanban(home, "deny", str(asked.id), "--reason", "my stamps are in there")
    assert denied.returncode == 0, denied.stderr
    wait_for(home, lambda: home.store.queries.get_ticket(ticket).block_reason == BlockReason.OTHER)
    assert attic.exists()
    told = last_answers(stage.requests_of("cody", "Empty the attic")[1])
    assert told == ["refused: the person said no: my stamps are in there"]
    assert home.store.queries.get_ticket(ticket).explanation == "The attic must stay, so there is nothing to do."


def test_f26_no_worker_can_approve_anything_however_it_tries(home, stage, attic):
    """By name it is forbidden; hidden in a script, with the marks of its run taken away, it is still found out."""
    stage.part("cody", "Sweep the attic", call("shell", command=f"rm -rf {attic}"))
    asked = wait_for_question(home, file_ticket(home, "Sweep the attic"))
    approve = " ".join(command_line(home, "approve", str(asked.id)))
    script = f"""
        env -i PATH=/usr/bin:/bin {approve}; echo clean $?
        env -i PATH=/usr/bin:/bin setsid --wait {approve}; echo session $?
        (env -i {approve} > detached 2>&1; echo detached $? >> detached) & wait; tail -n 1 detached
        {approve}; echo marked $?
    """
    stage.part(
        "cody",
        "Help with the attic",
        call("shell", command=f"kanban approve {asked.id}"),
        call("shell", command="mkfs.ext4 /dev/sda"),
        call("write_file", path="helper", content=script),
        call("shell", command="sh helper"),
        call("complete", summary="I could not."),
    )
    wait_for_status(home, file_ticket(home, "Help with the attic"), Status.DONE)
    assert home.store.approvals.get(asked.id).status == "pending"
    assert attic.exists()

    requests = stage.requests_of("cody", "Help with the attic")
    assert last_answers(requests[1]) == ["refused: approvals are for people"]
    assert last_answers(requests[2]) == ["refused: wipes or repartitions a disk"]
    told = last_answers(requests[4])[0].splitlines()
    assert [line for line in told if line.endswith(" 4")] == ["clean 4", "session 4", "detached 4", "marked 4"]
