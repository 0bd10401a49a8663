"""What a call may do. Pure: the same call always gets the same answer."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.profile import Profile
from kanban.domain.tool import BOARD, UNKNOWN, AgentRole, GateRule, Place, Tier, place_of_host
from kanban.files.settings import read_settings
from kanban.trust.patterns import Searcher
from kanban.trust.plan import Plan
from kanban.trust.policy import Attempt, Verdict, decide, matches
from tests.support.toolsets import ALL_TOOLS

HERE = place_of_host("local")
SHIPPED = read_settings(Path("no such file")).gate

tiers = st.sampled_from(list(Tier))
places = st.sampled_from([*map(place_of_host, ["local", "webb", "db1"]), BOARD, UNKNOWN, Place("web", "example.org")])
subjects = st.sampled_from(["ls", "reboot", "rm -rf /", "systemctl stop nginx"]) | st.text(max_size=20)
attempts = st.builds(Attempt, st.sampled_from(sorted(ALL_TOOLS)), tiers, places, subjects, st.booleans())
profiles = st.builds(
    lambda tier, reach: Profile(name="x", role=AgentRole.WORKER, model="any", tier=tier, hosts=reach),
    tiers,
    st.lists(st.sampled_from(["webb", "db1", "*"]), max_size=2),
)
rules = st.lists(
    st.builds(
        GateRule,
        tool=st.sampled_from(["*", "shell", "read_*"]),
        host=st.sampled_from(["*", "webb", "db*"]),
        command=st.none() | st.sampled_from(["rm", "^reboot$"]),
        tier=tiers,
        reason=st.just("because"),
    ),
    max_size=4,
)

# Each of these takes exponential or quadratic time with an engine that has no limit.
TANGLED = [
    ("(a+)+$", "a" * 20_000 + "!"),
    (r"(\w*)*-", "w" * 20_000),
    (r"(?:a|aa)+$", "a" * 20_000 + "b"),
    (r"(.*)(.*)(.*)(.*)x", "y" * 20_000),
    (r"rm\s+(-\w+\s+)*-\w*r", "rm " + "-a " * 7_000),
    (r"(x+x+)+y", "x" * 20_000),
    (r"^(\s*\S+\s*)*;$", "a " * 10_000),
    (r"(['\"]).*\1.*\1.*\1$", "'" * 20_000 + "."),
]

CODY = Profile(name="cody", role=AgentRole.WORKER, model="any")


def run_here(command):
    return Attempt("shell", Tier.SAFE, HERE, command, runs_command=True)


RANDOM = run_here("ls")


@given(attempts, profiles, rules)
def test_the_same_call_gets_the_same_answer(attempt, profile, rows):
    assert decide(attempt, profile, Plan(rows)) == decide(attempt, profile, Plan(list(rows)))


@given(attempts, profiles, rules)
def test_what_is_forbidden_is_never_allowed_nor_asked_for(attempt, profile, rows):
    decision = decide(attempt, profile, Plan(rows))
    if decision.tier is Tier.FORBIDDEN:
        assert decision.verdict is Verdict.DENY


@given(attempts, profiles, rules)
def test_the_tier_of_a_profile_is_the_most_it_may_do_or_ask_for(attempt, profile, rows):
    decision = decide(attempt, profile, Plan(rows))
    if decision.verdict is not Verdict.DENY:
        assert decision.tier.rank <= profile.tier.rank


@given(attempts, profiles, rules)
def test_a_host_out_of_reach_is_denied_whatever_the_call(attempt, profile, rows):
    decision = decide(attempt, profile, Plan(rows))
    if attempt.place.kind == "host" and not profile.may_reach(attempt.place.name):
        assert decision.verdict is Verdict.DENY and attempt.place.name in decision.why


@given(attempts, profiles, rules)
def test_risky_is_asked_and_what_is_less_passes(attempt, profile, rows):
    decision = decide(attempt, profile, Plan(rows))
    if decision.verdict is Verdict.ASK:
        assert decision.tier is Tier.RISKY
    if decision.verdict is Verdict.ALLOW:
        assert decision.tier in (Tier.READ, Tier.SAFE)


@given(attempts, profiles, rules, rules)
def test_the_first_rule_that_matches_decides(attempt, profile, first, rest):
    if any(matches(rule, attempt, Searcher(1.0)) for rule in first):
        assert decide(attempt, profile, Plan([*first, *rest])) == decide(attempt, profile, Plan(first))


def test_without_a_rule_a_tool_has_its_own_tier():
    assert decide(RANDOM, CODY, Plan()).tier is Tier.SAFE


@pytest.mark.parametrize(
    ("command", "verdict"),
    [
        ("ls -la", Verdict.ALLOW),
        ("rm -rf build", Verdict.ALLOW),
        ("rm -rf /srv/data", Verdict.ASK),
        ("reboot", Verdict.ASK),
        ("systemctl restart eg4panel", Verdict.ALLOW),
        ("systemctl stop nginx", Verdict.ASK),
        ("docker compose down --remove-orphans", Verdict.ASK),
        ("rm -rf /", Verdict.DENY),
        ("mkfs.ext4 /dev/sda1", Verdict.DENY),
        ("kanban approve 3", Verdict.DENY),
        ("kanban --home /srv/k deny 3", Verdict.DENY),
    ],
)
def test_f34_the_shipped_gate_asks_before_what_cannot_be_undone(command, verdict):
    assert decide(run_here(command), CODY, Plan(SHIPPED)).verdict is verdict


def test_a_gate_rule_looks_at_tool_host_and_command():
    rule = GateRule(tool="shell", host="web*", command=r"\breboot\b", tier=Tier.RISKY, reason="r")

    def means(tool, host, command):
        return matches(
            rule, Attempt(tool, Tier.SAFE, place_of_host(host), command, runs_command=tool == "shell"), Searcher(1.0)
        )

    assert means("shell", "webb", "sudo reboot")
    assert not means("shell", "local", "sudo reboot")
    assert not means("read_file", "webb", "reboot")
    assert not means("shell", "webb", "uptime")


@pytest.mark.parametrize(("pattern", "command"), TANGLED, ids=[pattern for pattern, _ in TANGLED])
def test_a_command_that_cannot_be_judged_in_time_asks(pattern, command):
    rows = [
        GateRule(tool="shell", command=pattern, tier=tier, reason="because") for tier in (Tier.FORBIDDEN, Tier.SAFE)
    ]
    began = time.process_time()
    decision = decide(run_here(command), CODY, Plan(rows))
    assert time.process_time() - began < 1.0  # the limit is 0.08 s; without one this takes years
    if "because" not in decision.why:
        assert decision.verdict is Verdict.ALLOW  # it was fast enough to see that it does not match
    else:
        assert decision.verdict is Verdict.ASK and decision.why.startswith("it is too long or too tangled to tell")


@pytest.mark.parametrize(
    "shape",
    [
        "a ",
        "-a ",
        "rm -",
        "/",
        "'",
        "$(",
        "x=1 ",
        "|sh ",
        "sudo ",
        "\\n",
        ">",
        "mkfs",
        "é",
        "rm ",
        "\n",
        "sudo -a ",
        "dd ",
        "(a/",
    ],
)
def test_the_shipped_gate_judges_twenty_thousand_characters_of_any_shape_in_time(shape):
    command = (shape * 20_000)[:20_000]
    began = time.process_time()
    decide(run_here(command), CODY, Plan(SHIPPED))
    assert time.process_time() - began < 1.0


@given(profiles, st.sampled_from([Tier.READ, Tier.SAFE]))
def test_a_call_whose_place_is_unknown_is_never_allowed_unasked(profile, tier):
    verdict = decide(Attempt("lamp_on", tier, UNKNOWN, "lamp 7"), profile, Plan()).verdict
    assert verdict is (Verdict.ASK if profile.tier is Tier.RISKY or profile.tier is Tier.FORBIDDEN else Verdict.DENY)


def test_a_row_may_look_at_where_a_call_acts_and_at_what_it_is_about():
    rule = GateRule(tool="*", host="web:*.lan", subject="/admin", tier=Tier.RISKY, reason="r")

    def means(place, subject):
        return matches(rule, Attempt("web_fetch", Tier.READ, place, subject), Searcher(1.0))

    assert means(Place("web", "nas.lan"), "http://nas.lan/admin/x")
    assert not means(Place("web", "nas.lan"), "http://nas.lan/")
    assert not means(Place("web", "example.org"), "https://example.org/admin")


def test_the_path_of_a_written_file_reaches_the_gate():
    rule = GateRule(tool="write_file", subject=r"^/etc/", tier=Tier.FORBIDDEN, reason="not there")
    assert decide(Attempt("write_file", Tier.SAFE, HERE, "/etc/passwd"), CODY, Plan([rule])).verdict is Verdict.DENY
    assert decide(Attempt("write_file", Tier.SAFE, HERE, "notes.md"), CODY, Plan([rule])).verdict is Verdict.ALLOW
