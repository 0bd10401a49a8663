"""Models, providers and hosts that misbehave: each is told what to do instead, and no ticket is lost over it."""

import json
import socket
import subprocess

import pytest

from kanban.domain.host import Host
from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.ticket import BlockReason, Status
from tests.support.daemon import wait_for, wait_for_status
from tests.support.home import file_ticket, write_hosts
from tests.support.openai_server import call, call_raw, fail, raw, say
from tests.support.sshd import free_port
from tests.support.stories import last_answers

DONE = call("complete", summary="Done after all.")


@pytest.fixture
def home(shared):
    return shared.home


@pytest.fixture
def stage(shared):
    return shared.stage


def work(home, stage, title, *lines):
    """Have cody say these lines about a ticket of this title; returns the ticket and what each line was answered."""
    stage.part("cody", title, *lines)
    end_pauses(home)
    ticket = file_ticket(home, title)
    wait_for_status(home, ticket, Status.DONE, Status.BLOCKED)
    return home.store.queries.get_ticket(ticket), [
        last_answers(request) for request in stage.requests_of("cody", title)[1:]
    ]


def end_pauses(home):
    """Let every model be tried again at once, as if its pause were over."""
    with home.store.db.write() as tx:
        tx.exec_driver_sql("DELETE FROM model_pause")


@pytest.mark.slow
def test_calls_that_make_no_sense_are_answered_with_what_would(home, stage):
    ticket, answers = work(
        home,
        stage,
        "Call nonsense",
        call("run_shell", command="ls"),
        call_raw("shell", '{"command": "ls"'),
        call("shell", cmd="ls"),
        call_raw("shell", "[]"),
        call("read_file", path="/etc/shadow") + call("write_file", path="../../board.db", content=""),
        call("shell", command="printf '\\000\\001' > binary; printf '\\377\\376a' > latin"),
        call("read_file", path="binary") + call("read_file", path="latin"),
        call("complete", summary="I say so.", artifacts=["nowhere.txt"]),
        DONE,
    )
    assert ticket.status == Status.DONE
    told = [" | ".join(answer) for answer in answers]
    assert told[0].startswith("error: no tool is called 'run_shell'") and "did you mean 'shell'" in told[0]
    assert "are not JSON" in told[1] and "send the whole call again" in told[1]
    assert "command: Field required" in told[2] and "did you mean 'command'" in told[2]
    assert "do not fit" in told[3]
    assert told[4].count("error: ") == 2 and "workspace" in told[4]
    assert "binary is not text: binary data, 2 bytes" in told[6] and "latin is not UTF-8" in told[6]
    assert "nowhere.txt" in told[7] and "name files that are there" in told[7]


def test_calls_that_always_have_the_same_id_are_told_apart(home, stage):
    """Some servers number the calls of each reply anew."""

    def numbered(tool, **arguments):
        function = {"name": tool, "arguments": json.dumps(arguments)}
        called = {"id": "call_0", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [called]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return raw(json.dumps({"id": "1", "object": "chat.completion", "model": "cody", "choices": [choice]}).encode())

    ticket, answers = work(
        home,
        stage,
        "Number anew",
        numbered("shell", command="echo one"),
        numbered("shell", command="echo two"),
        numbered("complete", summary="Both said."),
    )
    assert ticket.status == Status.DONE
    assert answers == [["exit status 0\none"], ["exit status 0\ntwo"]]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["The disk sda has bad sectors.", "As I said."], "The disk sda has bad sectors.\n\nAs I said."),
        (["", ""], "the model said nothing"),
    ],
)
def test_f14_a_model_that_only_talks_is_asked_once_and_then_its_words_are_kept(home, stage, words, kept):
    title = f"Say {len(words[0])} letters"
    ticket, _ = work(home, stage, title, *(say(text) for text in words))
    assert (ticket.status, ticket.block_reason) == (Status.BLOCKED, BlockReason.OTHER)
    assert ticket.explanation == kept
    requests = stage.requests_of("cody", title)
    assert len(requests) == 2
    assert "`complete` or `block`" in requests[1]["messages"][-1]["content"]


@pytest.mark.slow
def test_f13_a_provider_that_turns_calls_away_pauses_the_ticket_and_never_counts(home, stage):
    failures = {
        "Be refused": (fail(401, "the key was revoked"), Outcome.MODEL_DOWN),
        "Be slowed down": (fail(429, "slow down", headers={"Retry-After": "100"}), Outcome.RATE_LIMITED),
        "Be let down": (fail(503, "out of order"), Outcome.MODEL_DOWN),
    }
    tickets = {}
    for title, (failure, outcome) in failures.items():
        stage.part("cody", title, failure)
        end_pauses(home)
        ticket_id = tickets[title] = file_ticket(home, title)
        (run,) = wait_for(
            home, lambda number=ticket_id: [r for r in home.store.queries.runs_of_ticket(number) if r.ended_at]
        )
        ticket = home.store.queries.get_ticket(ticket_id)
        assert (run.outcome, ticket.status) == (outcome, Status.READY)
        assert json.loads(failure.body)["error"]["message"] in run.error
        assert ticket.not_before >= run.ended_at + 29
        assert home.store.due.failures_by_profile(ticket_id, Purpose.WORK) == {}
        (pause,) = home.store.pauses.active(home.clock()).values()
        assert (pause.model, pause.outcome) == (run.model, outcome)
    assert home.store.queries.get_ticket(tickets["Be slowed down"]).not_before >= run.started_at + 100


def test_a_host_that_refuses_hangs_is_unknown_or_is_another_is_named_with_the_remedy(home, stage, sshd, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        write_hosts(
            home.home.path,
            {
                "closed": Host(address="127.0.0.1", port=free_port(), connect_timeout=1),
                "silent": Host(address="127.0.0.1", port=silent.getsockname()[1], connect_timeout=1),
                "other": sshd.host.model_copy(update={"known_hosts": str(make_strange_key(sshd, tmp_path))}),
            },
        )
        ticket, answers = work(
            home,
            stage,
            "Reach out",
            call("shell", command="id", host="closed"),
            call("read_file", path="/etc/hostname", host="silent"),
            call("shell", command="id", host="other"),
            call("shell", command="id", host="sillent"),
            call("block", reason="missing_access", explanation="No host lets me in."),
        )
    assert (ticket.status, ticket.block_reason) == (Status.BLOCKED, BlockReason.MISSING_ACCESS)
    closed, hung, other, unknown = (answer[0] for answer in answers)
    assert closed.startswith("error: ") and "Connection refused" in closed and "runs an SSH server" in closed
    assert hung.startswith("error: ") and "silent" in hung
    assert "key" in other and "known_hosts" in other
    assert "hosts.yaml names no host 'sillent'" in unknown and "did you mean 'silent'" in unknown


def make_strange_key(sshd, folder):
    """A known_hosts that knows another key for webb than the one it has."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "strange"], check=True)
    kind, key, *_ = (folder / "strange.pub").read_text().split()
    known = folder / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {kind} {key}\n")
    return known
