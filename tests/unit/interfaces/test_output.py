"""What holds for every command: envelopes, exit statuses, messages apart from data, no traceback, a quick start."""

import json
import os
import subprocess
import sys

import pytest

from tests.unit.interfaces.terminal import clean_environment, finish, run_kanban, start_kanban

HUGE = 2**70


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("show", 9), 3, "not_found"),
        (("log", 9), 3, "not_found"),
        (("runs", 9), 3, "not_found"),
        (("lint", 9), 3, "not_found"),
        (("edit", 9, "--title", "x"), 3, "not_found"),
        (("comment", 9, "x"), 3, "not_found"),
        (("assign", 9, "cody"), 3, "not_found"),
        (("block", 9, "--reason", "other"), 3, "not_found"),
        (("unblock", 9), 3, "not_found"),
        (("reopen", 9), 3, "not_found"),
        (("cancel", 9), 3, "not_found"),
        (("approve", 9), 3, "not_found"),
        (("profile", "show", "x"), 3, "not_found"),
        (("host", "check", "x"), 3, "not_found"),
        (("show", "x"), 2, "invalid"),
        (("show", HUGE), 2, "invalid"),
        (("comment", HUGE, "x"), 2, "invalid"),
        (("approve", HUGE), 2, "invalid"),
        (("list", "--limit", HUGE), 2, "invalid"),
        (("create", "x", "--priority", HUGE), 2, "invalid"),
        (("events", "--after", HUGE), 2, "invalid"),
        (("show", "9" * 5_000), 2, "invalid"),
        (("no-such-command",), 2, "invalid"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_error_has_its_status_and_its_envelope(kanban, words, status, code):
    as_json = kanban(*words, "--json")
    assert (as_json.status, as_json.error["code"]) == (status, code)
    assert set(as_json.error) == {"code", "message", "hint"} and as_json.error["hint"]
    in_words = kanban(*words)
    assert in_words.status == status and in_words.out == "" and in_words.err


def test_a_home_that_is_not_there_is_told_with_what_to_do(tmp_path):
    result = run_kanban(tmp_path / "nowhere", "list")
    assert result.status == 1 and "there is no home" in result.err and "kanban init" in result.err


def test_a_home_with_a_board_that_is_none_is_told(kanban, home):
    (home / "board.db").write_bytes(b"this is no database" * 100)
    result = kanban("list")
    assert result.status == 1 and "not a SQLite database" in result.err


def test_text_of_unknown_origin_gives_no_orders_to_the_terminal(kanban):
    kanban("create", "a\x1b[2Jb\u202e", "--body", "-", stdin=b"\x1b]52;c;aGk=\x07")
    kanban("comment", 1, "\x1b[31m")
    kanban("block", 1, "--reason", "other", "--why", "\x9b31m")
    for words in (("list",), ("show", 1), ("show", 1, "--history"), ("events",), ("lint", 1)):
        out = kanban(*words).out
        assert out.replace("\n", "").isprintable()
    assert kanban("show", 1, "--json").data["title"] == "a\x1b[2Jb\u202e"


def test_what_is_not_unicode_is_refused(home):
    result = finish(start_kanban(home, "create", os.fsdecode(b"caf\xe9"), "--json"))
    assert result.status == 2 and result.error["code"] == "invalid"


def test_a_mistyped_command_is_told_the_nearest(kanban):
    assert "did you mean 'list'?" in kanban("lst").err


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_reader_that_goes_away_ends_the_command_quietly(kanban, home, as_json):
    for number in range(3):
        kanban("create", f"ticket {number}")
    read, write = os.pipe()
    os.close(read)
    ended = finish(start_kanban(home, "list", *as_json, stdout=write))
    os.close(write)
    assert (ended.status, ended.err) == (1, "")


def test_an_output_that_is_full_is_told(home):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = finish(start_kanban(home, "profile", "list", stdout=full))
    assert ended.status == 1 and "No space left" in ended.err and "Traceback" not in ended.err


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_for_terminals_and_no_color_is_honoured(kanban, home, env, coloured):
    kanban("create", "a ticket")
    terminal, inside = os.openpty()
    process = start_kanban(home, "list", stdout=inside, env=env)
    process.wait()
    os.close(inside)
    shown = os.read(terminal, 10_000)
    os.close(terminal)
    finish(process)
    assert b"ready" in shown and (b"\x1b[" in shown) == coloured
    assert "\x1b[" not in kanban("list").out


def test_the_list_loads_nothing_heavy(home):
    heavy = ["rich", "ruamel", "jinja2", "pydantic_settings", "psutil", "litellm", "paramiko", "alembic", "httpx"]
    program = (
        "import sys\nfrom kanban.interfaces.cli import cli\n"
        f"cli.main(['--home', {str(home)!r}, 'list'], standalone_mode=False)\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], env=clean_environment(), capture_output=True, text=True)
    assert told.stdout.splitlines()[-1] == "[]"


def test_an_envelope_is_one_line_of_json(home):
    listed = finish(start_kanban(home, "list", "--json"))
    assert listed.status == 0 and json.loads(listed.out) == {
        "schema_version": 1,
        "data": [],
        "total": 0,
        "next": None,
    }
    assert listed.out.count("\n") == 1
