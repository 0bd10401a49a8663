"""`policy`: what the gate says of a command, without running it."""

import json

import pytest

from kanban.domain.host import Host
from tests.support.home import write_hosts


@pytest.fixture
def webb(home):
    write_hosts(home, {"webb": Host(address="webb.lan"), "nas": Host(address="nas.lan", beyond_scope="allow")})


def test_each_command_of_a_script_is_explained(kanban, webb):
    shown = kanban("policy", "explain", "sudo uptime; frobnicate", "--host", "webb").out
    assert shown.startswith("ask: `frobnicate` is not known to be harmless")
    assert "safe      uptime: shell is safe" in shown


def test_as_data(kanban, webb):
    data = kanban("policy", "explain", "rm -rf /", "--host", "webb", "--json").data
    assert (data["verdict"], data["tier"]) == ("deny", "forbidden")
    assert [each["about"] for each in data["commands"]] == ["rm -rf /"]


def test_a_ticket_says_what_else_passes(kanban, webb, tmp_path):
    brief = tmp_path / "brief.json"
    targets = [{"path": "/srv/a.conf", "host": "webb"}]
    brief.write_text(json.dumps({"goal": "g", "targets": targets, "steps": ["Run systemctl reload frob."]}))
    kanban("create", "Change a", "--body", brief)
    asked = ("cp /tmp/x /srv/a.conf && systemctl reload frob", "--host", "webb")
    assert kanban("policy", "explain", *asked).out.startswith("ask")
    shown = kanban("policy", "explain", *asked, "--ticket", 1)
    assert shown.out.startswith("allow") and "#1 is about webb:/srv/a.conf, frob" in shown.err


def test_an_open_host_asks_for_the_rows_of_the_gate_only(kanban, webb):
    assert kanban("policy", "explain", "frobnicate", "--host", "nas").out.startswith("allow")
    assert kanban("policy", "explain", "reboot", "--host", "nas").out.startswith("ask")


def test_a_host_that_nobody_knows_is_an_error(kanban, webb):
    assert "no host is called 'weeb'" in kanban("policy", "explain", "ls", "--host", "weeb").err


def test_the_examples_of_the_rows_in_force_are_tried(kanban, app):
    assert "are judged as expected" in kanban("policy", "test").err


def test_a_wrong_example_is_told_by_test_and_doctor(kanban, app):
    row = "{tool: shell, argv: 'reboot$', tier: risky, reason: restarts, match: [reboot now]}"
    app.home.settings_file.write_text(f"gate:\n  - {row}\n")
    told = "restarts: does not match `reboot now`"
    assert told in kanban("policy", "test").out
    findings = kanban("doctor", "--json").data
    assert told in str(findings)


def test_a_file_of_commands_is_tried(kanban, webb, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("commands:\n- {command: reboot, host: webb, verdict: ask}\n- {command: ls, verdict: deny}\n")
    ran = kanban("policy", "test", file)
    assert "`ls`: allow, not deny" in ran.out and "1 of 2 are judged as expected" in ran.err
    file.write_text("commands:\n- {command: reboot, host: webb, verdict: perhaps}\n")
    assert f"{file}:2" in kanban("policy", "test", file).err
