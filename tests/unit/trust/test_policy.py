"""What a call may do. Pure: the same call always gets the same answer."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.profile import Profile
from kanban.domain.tool import ALL_TOOLS, AgentRole, GateRule, Tier
from kanban.files.settings import read_settings
from kanban.trust.policy import Attempt, Verdict, decide

SHIPPED = read_settings(Path("no such file")).gate

tiers = st.sampled_from(list(Tier))
hosts = st.sampled_from(["local", "webb", "db1"])
commands = st.none() | st.sampled_from(["ls", "reboot", "rm -rf /", "systemctl stop nginx"]) | st.text(max_size=20)
attempts = st.builds(Attempt, st.sampled_from(sorted(ALL_TOOLS)), tiers, hosts, commands)
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

CODY = Profile(name="cody", role=AgentRole.WORKER, model="any")
RANDOM = Attempt("shell", Tier.SAFE, "local", "ls")


@given(attempts, profiles, rules)
def test_the_same_call_gets_the_same_answer(attempt, profile, rows):
    assert decide(attempt, profile, rows) == decide(attempt, profile, list(rows))


@given(attempts, profiles, rules)
def test_what_is_forbidden_is_never_allowed_nor_asked_for(attempt, profile, rows):
    decision = decide(attempt, profile, rows)
    if decision.tier is Tier.FORBIDDEN:
        assert decision.verdict is Verdict.DENY


@given(attempts, profiles, rules)
def test_the_tier_of_a_profile_is_the_most_it_may_do_or_ask_for(attempt, profile, rows):
    decision = decide(attempt, profile, rows)
    if decision.verdict is not Verdict.DENY:
        assert decision.tier.rank <= profile.tier.rank


@given(attempts, profiles, rules)
def test_a_host_out_of_reach_is_denied_whatever_the_call(attempt, profile, rows):
    decision = decide(attempt, profile, rows)
    if not profile.may_reach(attempt.host):
        assert decision.verdict is Verdict.DENY and attempt.host in decision.why


@given(attempts, profiles, rules)
def test_risky_is_asked_and_what_is_less_passes(attempt, profile, rows):
    decision = decide(attempt, profile, rows)
    if decision.verdict is Verdict.ASK:
        assert decision.tier is Tier.RISKY
    if decision.verdict is Verdict.ALLOW:
        assert decision.tier in (Tier.READ, Tier.SAFE)


@given(attempts, profiles, rules, rules)
def test_the_first_rule_that_matches_decides(attempt, profile, first, rest):
    if any(rule.matches(attempt.tool, attempt.host, attempt.command) for rule in first):
        assert decide(attempt, profile, [*first, *rest]) == decide(attempt, profile, first)


def test_without_a_rule_a_tool_has_its_own_tier():
    assert decide(RANDOM, CODY, []).tier is Tier.SAFE


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
    assert decide(Attempt("shell", Tier.SAFE, "local", command), CODY, SHIPPED).verdict is verdict
