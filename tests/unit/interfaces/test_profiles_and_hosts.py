"""`profile …` and `host …`: the agents, and the hosts they can reach."""

import json
from pathlib import Path

import pytest

from kanban.domain.host import Host
from tests.support.home import edit_profile, write_hosts
from tests.support.logins import login_that_greets, login_with
from tests.support.sshd import free_port

KEYS = {"DEEPSEEK_API_KEY": "sk-deepseek-1", "MOONSHOT_API_KEY": "sk-moonshot-2", "ZAI_API_KEY": "sk-zai-3"}


def test_profiles_are_listed_and_shown(kanban):
    assert [profile["name"] for profile in kanban("profile", "list", "--json").data] == [
        "checker",
        "cody",
        "ginger",
        "scout",
    ]
    assert "moonshot/kimi-k2.7-code" in kanban("profile", "list").out
    assert "max_turns        60" in kanban("profile", "show", "cody").out
    assert kanban("profile", "show", "cody", "--json").data["role"] == "worker"


def test_an_unknown_profile_is_not_found(kanban):
    result = kanban("profile", "show", "codi")
    assert result.status == 3 and "cody" in result.err


def test_check_names_the_keys_that_are_missing(kanban):
    result = kanban("profile", "check", env={"MOONSHOT_API_KEY": "sk-moonshot-2"})
    assert result.status == 1
    assert "ZAI_API_KEY is not set" in result.out and "MOONSHOT_API_KEY" not in result.out


def test_check_is_content_with_keys_from_either_place_and_shows_none(kanban, home):
    (home / ".env").write_text(f"ZAI_API_KEY={KEYS['ZAI_API_KEY']}\n")
    env = {name: key for name, key in KEYS.items() if name != "ZAI_API_KEY"}
    for words in (("profile", "check"), ("profile", "check", "--json"), ("profile", "show", "scout")):
        result = kanban(*words, env=env)
        assert result.status == 0
        assert not any(key in result.out + result.err for key in KEYS.values())


def test_check_tells_what_a_model_does_not_do_and_fails_only_for_what_cannot_work(kanban, home):
    edit_profile(home, "scout", max_output=1_000_000)
    noted = kanban("profile", "check", env=KEYS)
    assert noted.status == 0 and "note  scout: `max_output`: " in noted.out
    edit_profile(home, "scout", max_output=None)
    edit_profile(home, "scout", fallback_models=["moonshot/kimi-k2.7-code"])
    wrong = kanban("profile", "check", env=KEYS)
    assert wrong.status == 1 and "wrong  scout: `fallback_models` of moonshot/kimi-k2.7-code: " in wrong.out
    (scout,) = [one for one in kanban("profile", "check", "--json", env=KEYS).data if one["name"] == "scout"]
    assert [(one["key"], one["stops"]) for one in scout["findings"]] == [
        ("fallback_models", True),
    ]


def test_check_refuses_a_wrong_profile_with_file_and_line(kanban, home):
    edit_profile(home, "ginger", tools=["shell"])
    result = kanban("profile", "check")
    assert result.status == 2 and "ginger.yaml:" in result.err and "never does the work itself" in result.err


def test_a_home_without_hosts_says_so(kanban):
    assert "names no host yet" in kanban("host", "list").err
    assert kanban("host", "check").status == 0
    assert kanban("host", "check", "webb").status == 3


@pytest.fixture
def hosts(home, sshd):
    """`webb`, where a login works, and `gone`, where nobody listens."""
    write_hosts(home, {"webb": sshd.host, "gone": sshd.host.model_copy(update={"port": free_port()})})
    return home


def test_hosts_are_listed(kanban, hosts, sshd):
    assert [host["name"] for host in kanban("host", "list", "--json").data] == ["webb", "gone"]
    assert f"{sshd.host.user}@127.0.0.1:{sshd.port}" in kanban("host", "list").out


def test_check_logs_in_to_each_host(kanban, hosts):
    result = kanban("host", "check", "--json")
    assert result.status == 1
    assert [(login["host"], login["ok"]) for login in json.loads(result.out)["data"]] == [
        ("webb", True),
        ("gone", False),
    ]
    assert kanban("host", "check", "webb").out.startswith("webb  ok\n    login ")
    failed = kanban("host", "check", "gone")
    assert failed.status == 1 and "gone  failed" in failed.out


def test_check_proves_what_agents_need_a_line_each(kanban, hosts):
    (host,) = kanban("host", "check", "webb", "--json").data
    assert host["ok"] and [finding["name"] for finding in host["findings"]] == [
        "login",
        "quoting",
        "channel",
        "files",
        "ending",
        "background",
        "account",
    ]
    told = {finding["name"]: finding["told"] for finding in host["findings"]}
    assert "over SFTP" in told["files"] and "clean" in told["channel"] and "root" in told["account"]


def test_check_tells_what_a_login_prints_and_fails_where_nothing_runs(kanban, home, sshd, tmp_path):
    greets, refuses = login_that_greets(sshd, tmp_path), login_with(sshd, "sh -c 'echo welcome; exit 0' x")
    write_hosts(home, {"greets": greets, "refuses": refuses})
    shown = kanban("host", "check", "greets")
    assert shown.status == 0 and "prints by itself" in shown.out and "Welcome to webb" in shown.out
    shown = kanban("host", "check", "refuses")
    assert shown.status == 1
    assert "refuses  failed  the login shell of refuses did not run it: it ended with 0, and said: welcome" in shown.out


def test_list_shows_the_login_in_force_and_where_it_comes_from(kanban, home, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    config = tmp_path / ".ssh" / "config"
    config.write_text("Host bastion\n  User me\nHost webb\n  HostName 10.0.0.5\n  Port 2222\n  ProxyJump bastion\n")
    write_hosts(home, {"webb": Host(user="deploy"), "local": Host(about="here")})
    shown = kanban("host", "list").out
    assert "deploy@10.0.0.5:2222 via me@bastion:22" in shown and "address, port, jump" in shown
    webb, local = kanban("host", "list", "--json").data
    assert webb["login"]["from"]["user"] == "hosts.yaml" and webb["login"]["from"]["port"] == "~/.ssh/config"
    assert webb["login"]["jump"] == ["me@bastion:22"] and local["login"] is None
    config.write_text("nonsense\n")
    assert "cannot be used for host webb" in kanban("host", "list").out


def test_an_unknown_host_is_named_with_the_nearest(kanban, hosts):
    result = kanban("host", "check", "weeb")
    assert result.status == 3 and "did you mean 'webb'?" in result.err


def test_a_profile_is_edited_and_what_is_wrong_is_refused(kanban, home):
    file = home / "profiles" / "cody.yaml"
    edited = kanban("profile", "edit", "cody", env={"EDITOR": "sed -i 's/max_turns: 60/max_turns: 61/'"})
    assert edited.status == 0 and "max_turns: 61" in file.read_text()
    wrong = kanban("profile", "edit", "cody", env={"EDITOR": "sed -i 's/max_turns: 61/max_trns: 61/'"})
    assert wrong.status == 2 and "did you mean 'max_turns'" in wrong.err and "cody.rejected.yaml" in wrong.err
    assert "max_turns: 61" in file.read_text()
    assert kanban("profile", "edit", "coddy").status == 3


def test_a_profile_is_added_out_of_another(kanban, home):
    added = kanban("profile", "add", "nightly", "--like", "scout", "--model", "ollama/qwen3:4b", "--yes")
    assert added.status == 0 and "kanban model test nightly" in added.err
    assert kanban("profile", "show", "nightly", "--json").data["model"] == "ollama/qwen3:4b"
    again = kanban("profile", "add", "nightly", env={"EDITOR": "true"})
    assert again.status == 2 and "kanban profile edit nightly" in again.err
    kept = kanban("profile", "add", "other", env={"EDITOR": "true"})
    assert kept.status == 0 and (home / "profiles" / "other.yaml").exists()


def test_a_host_is_added_once_it_was_tried(kanban, home, sshd):
    file = home / "hosts.yaml"
    before = file.read_text()
    login = ["--address", "127.0.0.1", "--user", sshd.host.user, "--key", sshd.host.key]
    refused = kanban("host", "add", "webb", *login, "--port", free_port())
    assert refused.status == 1 and "webb  failed" in refused.out and "--unchecked" in refused.err
    assert file.read_text() == before
    named = kanban("host", "add", "later", "--unchecked", "--about", "the attic")
    assert named.status == 0 and file.read_text().startswith(before.rstrip()) and "about: the attic" in file.read_text()
    again = kanban("host", "add", "later", "--unchecked")
    assert again.status == 2 and "kanban host edit" in again.err
    assert kanban("host", "add", "../x", "--unchecked").status == 2


def test_a_host_that_answers_is_added_with_what_was_found(kanban, home, sshd, tmp_path, monkeypatch):
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text(Path(sshd.host.known_hosts).read_text())
    monkeypatch.setenv("HOME", str(tmp_path))
    login = ["--address", "127.0.0.1", "--port", sshd.port, "--user", sshd.host.user, "--key", sshd.host.key]
    added = kanban("host", "add", "webb", *login)
    assert added.status == 0, added.out + added.err
    assert added.out.startswith("webb  ok\n") and kanban("host", "list", "--json").data[0]["port"] == sshd.port


def test_hosts_are_edited(kanban, home):
    edited = kanban("host", "edit", env={"EDITOR": "sed -i '$ahosts: {webb: {about: here}}'"})
    assert edited.status == 0 and kanban("host", "list", "--json").data[0]["about"] == "here"
