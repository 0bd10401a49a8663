"""On a host, what is neither known to be harmless nor what the ticket is about asks."""

from pathlib import Path

import pytest

from kanban.domain.profile import Profile
from kanban.domain.scope import TicketScope
from kanban.domain.tool import AgentRole, KnownCommand, Tier, place_of_host
from kanban.files.settings import read_settings
from kanban.trust.plan import Plan, known_commands
from kanban.trust.policy import Attempt, Verdict, decide
from tests.support.commands import HARMFUL, HARMLESS

CODY = Profile(name="cody", role=AgentRole.WORKER, model="any")
GATE = read_settings(Path("no such file")).gate
SCOPE = TicketScope({"webb": ("/root/eg4panel", "/etc/nginx/sites-enabled/app.conf")}, frozenset({"eg4panel"}))
PLAN = Plan(GATE, known_commands(), SCOPE)


def run_on(host, command, plan=PLAN):
    return decide(Attempt("shell", Tier.SAFE, place_of_host(host), command, runs_command=True), CODY, plan).verdict


def write_on(host, path, plan=PLAN):
    return decide(Attempt("write_file", Tier.SAFE, place_of_host(host), path, writes_file=True), CODY, plan).verdict


def test_what_does_harm_never_passes_unasked():
    assert [command for command in HARMFUL if run_on("webb", command) is Verdict.ALLOW] == []


def test_what_only_looks_or_is_what_the_ticket_is_about_passes():
    assert [command for command in HARMLESS if run_on("webb", command) is not Verdict.ALLOW] == []


@pytest.mark.parametrize("command", ["frobnicate --all", "cp a /root/eg4panel/x", "systemctl restart nginx"])
def test_what_nobody_knows_asks(command):
    expected = Verdict.ALLOW if command.startswith("cp") else Verdict.ASK
    assert run_on("webb", command) is expected


def test_a_script_that_nobody_sees_asks_unless_the_person_knows_it():
    known = Plan(GATE, [KnownCommand(argv="sh /srv/restart.sh$"), *known_commands()])
    assert run_on("webb", "sudo sh /srv/restart.sh") is Verdict.ASK
    assert run_on("webb", "sudo sh /srv/restart.sh", known) is Verdict.ALLOW
    assert run_on("webb", "sh /srv/restart.sh; sh /srv/other.sh", known) is Verdict.ASK


def test_the_scope_holds_on_its_host_only():
    assert run_on("nas", "touch /root/eg4panel/x") is Verdict.ASK


def test_in_the_sandbox_of_this_machine_it_does_not_count():
    assert run_on("local", "frobnicate --all") is Verdict.ALLOW


def test_a_host_may_be_open():
    plan = Plan(GATE, open_hosts=frozenset({"throwaway"}))
    assert run_on("throwaway", "frobnicate --all", plan) is write_on("throwaway", "/etc/x", plan) is Verdict.ALLOW
    assert run_on("throwaway", "systemctl stop nginx", plan) is Verdict.ASK
    assert run_on("throwaway", "rm -rf /", plan) is Verdict.DENY


def test_a_command_of_the_persons_own_passes():
    plan = Plan(GATE, [KnownCommand(argv="frobnicate( |$)", without="--all"), *known_commands()])
    assert run_on("webb", "frobnicate x | sort", plan) is Verdict.ALLOW
    assert run_on("webb", "frobnicate --all", plan) is run_on("webb", "frobnicate $X", plan) is Verdict.ASK


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("/root/eg4panel/index.html", Verdict.ALLOW),
        ("/tmp/x", Verdict.ALLOW),
        ("/etc/cron.d/x", Verdict.ASK),
        ("/root/.ssh/authorized_keys", Verdict.ASK),
        ("/root/eg4panel/../.bashrc", Verdict.ASK),
        ("index.html", Verdict.ASK),
    ],
)
def test_a_file_tool_is_held_to_the_scope_as_well(path, verdict):
    assert write_on("webb", path) is verdict


def test_the_strictest_command_of_a_script_decides():
    assert run_on("webb", "uptime; frobnicate; reboot") is Verdict.ASK
    assert run_on("webb", "uptime; reboot; rm -rf /") is Verdict.DENY


def test_the_reason_names_the_command():
    attempt = Attempt("shell", Tier.SAFE, place_of_host("webb"), "uptime && frobnicate --all", runs_command=True)
    assert "`frobnicate --all` is not known to be harmless" in decide(attempt, CODY, PLAN).why


@pytest.mark.parametrize(
    ("command", "is_exact"),
    [
        ("frobnicate a", True),
        ("reboot", True),
        ("frobnicate $X", False),
        ("$X", False),
        (f"frobnicate {'a' * 300}", False),
    ],
)
def test_only_a_reason_that_tells_all_can_be_granted_for_a_while(command, is_exact):
    attempt = Attempt("shell", Tier.SAFE, place_of_host("webb"), command, runs_command=True)
    assert decide(attempt, CODY, PLAN).is_exact is is_exact
