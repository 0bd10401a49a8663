"""Settings come from four places in one order; secrets stay where they belong."""

import subprocess
import sys
from pathlib import Path

import pytest

from kanban.domain.tool import GateRule, Tier
from kanban.errors import HomeError, InvalidFile, InvalidInput
from kanban.files.settings import Settings, caller_run_id, clean_environment, find_home, read_settings, secrets


def write(folder: Path, text: str, name: str = "kanban.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_home_is_the_flag_else_the_variable_else_dot_kanban(tmp_path: Path) -> None:
    variable = {"KANBAN_HOME": str(tmp_path / "b")}
    assert find_home(str(tmp_path / "a"), variable) == tmp_path / "a"
    assert find_home(None, variable) == tmp_path / "b"
    assert find_home(None, {}) == Path.home() / ".kanban"
    assert find_home("~/x", {}) == Path.home() / "x"
    assert find_home("x", {}) == Path.cwd() / "x"


def test_flags_beat_the_environment_beats_the_file_beats_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "slots: 2\nmax_depth: 5\nlint_tries: 7\n")
    monkeypatch.setenv("KANBAN_SLOTS", "3")
    monkeypatch.setenv("KANBAN_MAX_DEPTH", "6")
    settings = read_settings(file, {"slots": 4, "stop": None})
    assert (settings.slots, settings.max_depth, settings.lint_tries) == (4, 6, 7)
    assert settings.lease_seconds == 30
    assert settings.stop == "leave"


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "kanban.yaml") == Settings()


def test_a_wrong_key_in_the_file_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"kanban.yaml:2: slot: unknown key") as caught:
        read_settings(write(tmp_path, "max_depth: 2\nslot: 3\n"))
    assert caught.value.hint == "did you mean 'slots'?"


def test_a_wrong_variable_or_flag_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="--interval-seconds: Input should be greater than 0, not -1"):
        read_settings(tmp_path / "none", {"interval_seconds": -1})
    monkeypatch.setenv("KANBAN_SLOTS", "many")
    with pytest.raises(InvalidInput, match=r"KANBAN_SLOTS: .*not 'many'") as caught:
        read_settings(tmp_path / "none")
    assert "runs" in caught.value.hint


def test_a_list_in_the_environment_is_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANBAN_GATE", '[{"tool": "shell", "tier": "risky", "reason": "all of it"}]')
    assert read_settings(tmp_path / "none").gate == [GateRule(tool="shell", tier=Tier.RISKY, reason="all of it")]
    monkeypatch.setenv("KANBAN_GATE", "nonsense")
    with pytest.raises(InvalidInput, match="gate"):
        read_settings(tmp_path / "none")


def test_the_shipped_gate_holds_unless_the_home_has_its_own(tmp_path: Path) -> None:
    assert any(rule.tier is Tier.FORBIDDEN for rule in read_settings(write(tmp_path, "slots: 2\n")).gate)
    own = write(tmp_path, "gate:\n  - {tool: 'web_*', tier: risky, reason: no web}\n")
    assert [rule.tool for rule in read_settings(own).gate] == ["web_*"]


@pytest.mark.parametrize("empty", ["[]", "", "null", "{}", "''"])
def test_a_gate_without_rules_is_refused(tmp_path: Path, empty: str) -> None:
    with pytest.raises(InvalidFile, match=r"kanban.yaml:2: gate: holds no rule: take the key out") as caught:
        read_settings(write(tmp_path, f"slots: 2\ngate: {empty}\n"))
    assert caught.value.line == 2


@pytest.mark.parametrize("wrong", ["off", "{tool: shell, tier: risky, reason: r}", "'false'", "1", "true"])
def test_a_gate_that_is_no_list_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(InvalidFile, match=r"kanban.yaml:1: gate: is no list of rules, but .*: take the key out"):
        read_settings(write(tmp_path, f"gate: {wrong}\n"))


@pytest.mark.parametrize("empty", ["[]", "{}"])
def test_no_variable_empties_the_gate_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    monkeypatch.setenv("KANBAN_GATE", empty)
    with pytest.raises(InvalidInput, match=r"KANBAN_GATE: holds no rule"):
        read_settings(tmp_path / "none")


@pytest.mark.parametrize(
    "entry", ["wiki.lan", "localhost", "192.168.1.7", "10.0.0.0/24", "::1", "fd00::/8", "a_b.lan."]
)
def test_the_web_may_be_widened_by_hosts_addresses_and_networks(tmp_path: Path, entry: str) -> None:
    assert read_settings(write(tmp_path, f"web_allow: ['{entry}']\n")).web_allow == [entry]


@pytest.mark.parametrize(
    "entry",
    ["http://wiki.lan/", "wiki.lan:8080", "*.lan", "*", "", "10.0.0.1/8", "0x7f.1", "2130706433", "[::1]", "ü.lan"],
)
def test_what_cannot_widen_the_web_is_named_with_its_line(tmp_path: Path, entry: str) -> None:
    with pytest.raises(InvalidFile, match=r"kanban.yaml:3: web_allow\[1\]: .* is not a") as caught:
        read_settings(write(tmp_path, f"web_allow:\n  - wiki.lan\n  - '{entry}'\n"))
    assert caught.value.line == 3


def test_a_gate_rule_that_is_no_regular_expression_is_named(tmp_path: Path) -> None:
    text = "gate:\n  - tool: shell\n    command: 'rm ('\n    tier: risky\n    reason: r\n"
    with pytest.raises(InvalidFile, match=r":3: gate\[0\].command: 'rm \(' is not a regular expression") as caught:
        read_settings(write(tmp_path, text))
    assert caught.value.line == 3


def test_secrets_are_the_env_file_overlaid_with_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "# keys\nexport ZAI_API_KEY='from $FILE'\nMOONSHOT_API_KEY=file\nPLAIN=x\nEMPTY=\n", ".env")
    monkeypatch.setenv("MOONSHOT_API_KEY", "environment")
    monkeypatch.setenv("HUB_TOKEN", "t")
    monkeypatch.setenv("MY_LLM", "named")
    monkeypatch.setenv("MAX_TOKENS", "4096")
    found = secrets(tmp_path, named={"MY_LLM"})
    assert found["ZAI_API_KEY"] == "from $FILE"
    assert found["MOONSHOT_API_KEY"] == "environment"
    assert (found["PLAIN"], found["HUB_TOKEN"], found["MY_LLM"]) == ("x", "t", "named")
    assert not {"EMPTY", "MAX_TOKENS", "PATH", "HOME"} & found.keys()


def test_a_home_without_an_env_file_has_the_secrets_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "k")
    assert secrets(tmp_path)["ZAI_API_KEY"] == "k"


@pytest.mark.parametrize("wrong", ["sk-secret value", "sk-secret", "'sk-secret"])
def test_a_wrong_line_in_the_env_file_is_named_and_not_shown(tmp_path: Path, wrong: str) -> None:
    write(tmp_path, f"A=1\n\n{wrong}\n", ".env")
    with pytest.raises(InvalidFile) as caught:
        secrets(tmp_path)
    assert caught.value.line == 3
    assert "sk-secret" not in str(caught.value) + caught.value.hint


def test_a_process_knows_the_run_it_was_started_in() -> None:
    assert caller_run_id({}) is None
    assert caller_run_id({"KANBAN_RUN": "17"}) == 17


@pytest.mark.parametrize("mark", ["", "x", "-1", "1.5", "٣", "9" * 40])
def test_a_spoiled_mark_is_never_taken_for_a_person(mark: str) -> None:
    with pytest.raises(HomeError, match="KANBAN_RUN"):
        caller_run_id({"KANBAN_RUN": mark})


def test_a_workers_shell_sees_nothing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "k")
    monkeypatch.setenv("AWS_PROFILE", "p")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    clean = clean_environment({"TZ"})
    assert (clean["LC_ALL"], clean["PATH"]) == ("C.UTF-8", "/usr/bin:/bin")
    assert not {"ZAI_API_KEY", "AWS_PROFILE", "TZ"} & clean.keys()


def test_finding_the_home_loads_no_heavy_library() -> None:
    heavy = "('pydantic_settings', 'ruamel.yaml', 'dotenv')"
    code = f"import sys, kanban.files.settings; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
