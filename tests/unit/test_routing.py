"""Routing is a pure function; its limits hold for every rubric, every set of profiles and every ticket."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanban.domain.brief import Brief, Sensitivity, Target
from kanban.domain.profile import Profile
from kanban.domain.rubric import Boundary, Breadth, Condition, KindOfWork, Rubric, Rule
from kanban.domain.ticket import BlockReason, Kind
from kanban.domain.tool import AgentRole
from kanban.routing import History, Route, Subject, classify, explain_text, meets, objection, route

NO_FAILURES = History()


def make_profile(name: str, role: AgentRole = AgentRole.WORKER, **more: object) -> Profile:
    return Profile.model_validate({"name": name, "role": role, "model": "m", **more})


def rule(name: str, assign: str, **when: object) -> Rule:
    return Rule(name=name, assign=assign, when=Condition.model_validate(when), reason="because")


def subject(title: str = "t", assignee: str | None = None, may_split: bool = True, **brief: object) -> Subject:
    return Subject(title, Brief.model_validate({"goal": "g", **brief}), assignee=assignee, may_split=may_split)


CHECKED = {"text": "It holds.", "check": "test -f a"}
CODY = make_profile("cody", capabilities=["Code", "ssh"])
SCOUT = make_profile("scout", capabilities=["ui"], hosts=["webb"])
GINGER = make_profile("ginger", AgentRole.ORCHESTRATOR)
CHECKER = make_profile("checker", AgentRole.CHECKER)
HERMIT = make_profile("hermit", model="ollama/m", local_only=True)
PROFILES = {profile.name: profile for profile in (CODY, SCOUT, GINGER, CHECKER, HERMIT)}


def run(asked: Subject, *rules: Rule, failures: dict[str, int] | None = None, **rubric: object) -> Route:
    rules = rules or (rule("all", "cody"),)
    return route(asked, Rubric.model_validate({"rules": rules, **rubric}), PROFILES, History(failures or {}))


def test_the_first_rule_that_fits_decides_and_all_tried_are_shown() -> None:
    found = run(
        subject(category="UI"), rule("a", "cody", category=["code"]), rule("b", "scout", category=["ui", "css"])
    )
    assert (found.action, found.profile) == ("assign", "scout")
    assert [(trial.rule, trial.matched) for trial in found.trials] == [("a", False), ("b", True)]
    assert found.trials[0].why == "category 'UI' is not one of: code"
    assert found.why == "rule b: category 'UI' (because)"


@pytest.mark.parametrize(
    ("condition", "asked", "held", "why"),
    [
        ({}, subject(), True, "it takes every ticket"),
        ({"words": ["blog post"]}, subject("Write a Blog\n Post"), True, "its text says 'blog post'"),
        ({"words": ["cat"]}, subject("concatenate"), False, "its text says none of: cat"),
        ({"words": ["c++"]}, subject("port to C++ now"), True, "'c++'"),
        ({"words": ["css"]}, subject("css", category="code"), True, "its text says 'css'"),
        ({"category": ["code"]}, subject(), False, "it names no category"),
        ({"category": ["code"], "words": ["bug"]}, subject("a bug"), False, "it names no category"),
        ({"category": ["code"], "words": ["bug"]}, subject("a cat", category="code"), False, "none of: bug"),
        (
            {"category": ["code"], "words": ["bug"]},
            subject("a bug", category="code"),
            True,
            "category 'code' and its text says 'bug'",
        ),
        ({"words": ["bug"]}, Subject("t", body="a bug"), True, "'bug'"),
        ({"words": ["bug"]}, Subject("t", Brief(goal="g"), body="a bug"), False, "none of: bug"),
        ({"needs": ["ssh", "web"]}, subject(needs=["SSH"]), True, "need 'SSH'"),
        ({"needs": ["ssh"]}, subject(), False, "it names no need"),
        ({"hosts": ["webb"]}, subject(targets=[{"path": "/a", "host": "webb"}]), True, "host 'webb'"),
        ({"min_targets": 2}, subject(targets=[Target(path="a")]), False, "1 targets do not reach 2"),
        ({"max_targets": 1}, subject(targets=[Target(path="a")]), True, "1 targets stay within 1"),
        ({"max_turns": 9}, subject(est_turns=10), False, "10 estimated turns pass 9"),
        ({"min_turns": 1}, Subject("no brief"), False, "0 estimated turns do not reach 1"),
        ({"sensitivity": "private"}, subject(sensitivity="private"), True, "it is private"),
        ({"unchecked": True}, subject(targets=[Target(path="a")]), True, "no check shows what it changes"),
        ({"unchecked": True}, subject(), False, "it changes nothing that no check shows"),
        ({"unchecked": True}, Subject("no brief"), False, "it changes nothing"),
        (
            {"unchecked": False},
            subject(targets=[Target(path="a")], criteria=[CHECKED]),
            True,
            "it changes nothing that",
        ),
        ({"category": ["a"], "max_turns": 9}, subject(category="a", est_turns=10), False, "10 estimated turns pass 9"),
    ],
)
def test_a_condition_holds_when_all_its_parts_do(condition: dict, asked: Subject, held: bool, why: str) -> None:
    found, said = meets(asked, Condition.model_validate(condition))
    assert (found, why in said) == (held, True), said


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (subject(needs=["ui", "juggling"]), "it needs juggling, ui, which cody cannot do"),
        (subject(sensitivity="private"), "the ticket is private and cody is not local_only"),
    ],
)
def test_a_rule_whose_profile_may_not_is_passed_over(asked: Subject, why: str) -> None:
    found = run(asked)
    assert (found.action, found.block_reason) == ("block", BlockReason.UNROUTABLE)
    assert why in found.why and why in found.trials[0].why


def test_a_profile_takes_tickets_only_where_it_may_reach() -> None:
    elsewhere = subject(targets=[{"path": "/a", "host": "musial"}])
    found = run(elsewhere, rule("a", "scout"), rule("b", "cody"))
    assert found.profile == "cody"
    assert "scout may not reach musial" in found.trials[0].why
    assert run(subject(targets=[{"path": "/a", "host": "webb"}, {"path": "b"}]), rule("a", "scout")).profile == "scout"


def test_private_tickets_go_to_local_profiles_and_only_they_do() -> None:
    rules = rule("a", "hermit"), rule("b", "cody")
    assert run(subject(sensitivity="private"), *rules).profile == "hermit"
    found = run(subject(), *rules)
    assert found.profile == "cody"
    assert "hermit is local_only" in found.trials[0].why


def test_a_checker_and_a_profile_that_vanished_take_nothing() -> None:
    found = run(subject(), rule("a", "checker"), rule("b", "codi"), rule("c", "cody"))
    assert found.profile == "cody"
    assert "checker and takes no tickets" in found.trials[0].why
    assert "no profile is called 'codi' (did you mean 'cody'?)" in found.trials[1].why


NOT_YOU = Boundary(name="not-you", profiles=["ginger"], never=Condition(category=["code"]), reason="Not you. Cody.")


def test_a_boundary_beats_a_rule() -> None:
    found = run(subject(category="code"), rule("a", "ginger"), rule("b", "cody"), boundaries=[NOT_YOU])
    assert found.profile == "cody"
    assert "boundary not-you keeps ginger out" in found.trials[0].why


def test_a_boundary_beats_a_wish() -> None:
    found = run(subject(category="code", assignee="ginger"), boundaries=[NOT_YOU])
    assert (found.action, found.block_reason) == ("block", BlockReason.UNROUTABLE)
    assert "Not you. Cody." in found.why
    assert run(subject(category="essay", assignee="ginger"), boundaries=[NOT_YOU]).profile == "ginger"


def test_f04_a_wish_for_an_unknown_profile_is_blocked_with_the_name_that_was_meant() -> None:
    found = run(subject(assignee="scuot"))
    assert (found.action, found.block_reason) == ("block", BlockReason.UNROUTABLE)
    assert "did you mean 'scout'?" in found.why


@pytest.mark.parametrize("reserved", ["default", "human", "", None])
def test_reserved_assignees_are_no_wish(reserved: str | None) -> None:
    assert run(subject(assignee=reserved)).profile == "cody"


def test_a_wish_is_not_split() -> None:
    assert run(subject(assignee="cody", est_turns=500)).action == "assign"


def test_what_is_too_broad_is_split_once() -> None:
    many = [{"path": f"{n}.md"} for n in range(9)]
    assert "9 targets are more than 8" in run(subject(targets=many)).why
    assert run(subject(est_turns=61)).action == "split"
    assert run(subject(est_turns=61), decompose_over=Breadth(est_turns=61)).action == "assign"
    found = run(subject(est_turns=61, may_split=False))
    assert (found.action, found.trials[0].rule) == ("assign", "decompose_over")


def test_a_split_rule_passes_over_what_was_split_already() -> None:
    rules = rule("a", "split"), rule("b", "cody")
    assert run(subject(), *rules).action == "split"
    assert run(subject(may_split=False), *rules).profile == "cody"
    assert run(Subject("Worrell: investigate", kind=Kind.WORRELL), *rules).profile == "cody"


def test_f38_after_its_limit_the_ladder_names_the_next() -> None:
    found = run(subject(), failures={"cody": 2}, ladder={"cody": ["hermit", "scout", "ginger"]})
    assert found.profile == "scout"
    assert "cody has failed it 2 times, its limit, and the ladder names scout next" in found.why
    assert run(subject(), failures={"cody": 1}).profile == "cody"


def test_f15_a_profile_at_its_limit_is_not_given_the_ticket_again() -> None:
    found = run(subject(), failures={"cody": 2})
    assert (found.action, found.block_reason) == ("block", BlockReason.FAILURE_LIMIT)
    wished = run(subject(assignee="cody"), failures={"cody": 3, "scout": 2}, ladder={"cody": ["scout"]})
    assert (wished.action, wished.block_reason) == ("block", BlockReason.FAILURE_LIMIT)
    assert run(subject(assignee="cody"), failures={"cody": 2}, ladder={"cody": ["scout"]}).profile == "scout"


def test_free_text_is_explained_by_its_words() -> None:
    rubric = Rubric(rules=[rule("a", "scout", words=["layout"]), rule("b", "cody")])
    assert explain_text("fix the layout", rubric, PROFILES).profile == "scout"
    assert explain_text("fix the rest", rubric, PROFILES).profile == "cody"


CLASSIFY = [{"category": "ui", "words": ["css", "front page"]}, {"category": "code", "words": ["bug"]}]


def test_a_ticket_that_names_no_category_has_the_one_that_its_words_give_it() -> None:
    rules = (rule("looks", "scout", category=["ui"]), rule("rest", "cody"))
    found = run(Subject("Fix the Front\n page"), *rules, classify=CLASSIFY)
    assert found.profile == "scout"
    assert (found.trials[0].rule, found.trials[0].why) == (
        "classify",
        "it names no category; its text says 'front page', so it is ui",
    )
    assert run(subject("Fix the css", category="code"), *rules, classify=CLASSIFY).profile == "cody"
    assert run(Subject("Rename the cat"), *rules, classify=CLASSIFY).profile == "cody"


def test_the_first_row_whose_word_is_said_classifies() -> None:
    rules = (rule("looks", "scout", category=["ui"]), rule("rest", "cody"))
    assert run(Subject("a bug in the css"), *rules, classify=CLASSIFY).profile == "scout"
    assert run(Subject("a bug in the css"), *rules, classify=CLASSIFY[::-1]).profile == "cody"


def test_a_boundary_holds_for_what_words_make_of_a_ticket_also_against_the_person() -> None:
    bound = [{"name": "no", "profiles": ["scout"], "never": {"category": ["code"]}, "reason": "no"}]
    found = run(Subject("a bug", assignee="scout"), classify=CLASSIFY, boundaries=bound)
    assert found.action == "block" and "boundary no keeps scout out" in found.why


NAMES = ["ann", "bob", "cal", "dee"]
WORDS = st.sampled_from(["code", "ui", "essay", "ssh", "web"])
HOSTS = st.sampled_from(["local", "webb", "musial"])
FEW_WORDS = st.lists(WORDS, max_size=2)

ONE_WORD = st.lists(WORDS, min_size=1, max_size=1)
conditions = st.one_of(  # one part at a time: with many at once hardly any ticket meets them
    st.just(Condition()),
    st.builds(Condition, category=ONE_WORD),
    st.builds(Condition, words=ONE_WORD),
    st.builds(Condition, category=ONE_WORD, words=ONE_WORD),
    st.builds(Condition, needs=ONE_WORD),
    st.builds(Condition, hosts=st.lists(HOSTS, min_size=1, max_size=1)),
    st.builds(Condition, min_targets=st.integers(0, 2), max_turns=st.integers(10, 80)),
    st.builds(Condition, sensitivity=st.sampled_from(Sensitivity)),
)
boundaries = st.lists(
    st.builds(
        Boundary,
        name=st.sampled_from(["b1", "b2"]),
        profiles=st.lists(st.sampled_from(NAMES), min_size=1, max_size=2),
        never=conditions,
        reason=st.just("no"),
    ),
    max_size=2,
    unique_by=lambda boundary: boundary.name,
)
rubrics = st.builds(
    Rubric,
    rules=st.lists(
        st.builds(
            Rule,
            name=st.sampled_from(["r1", "r2", "r3", "r4"]),
            when=conditions,
            assign=st.sampled_from([*NAMES, "split", "nobody"]),
            reason=st.just("because"),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda row: row.name,
    ),
    boundaries=boundaries,
    classify=st.lists(st.builds(KindOfWork, category=WORDS, words=ONE_WORD), max_size=2),
    ladder=st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from([*NAMES, "nobody"]), max_size=3)),
)
teams = st.fixed_dictionaries(
    {
        name: st.builds(
            Profile,
            name=st.just(name),
            role=st.sampled_from([AgentRole.WORKER, AgentRole.ORCHESTRATOR, AgentRole.CHECKER]),
            model=st.just("ollama/m"),
            capabilities=st.just(["code", "ui", "essay", "ssh", "web"]) | FEW_WORDS,
            hosts=st.sampled_from([["*"], ["webb"]]),
            local_only=st.booleans(),
            failure_limit=st.integers(1, 3),
        )
        for name in NAMES
    }
)
briefs = st.builds(
    Brief,
    goal=WORDS,
    category=st.just("") | WORDS,
    needs=st.lists(WORDS, max_size=1),
    targets=st.lists(st.builds(Target, path=st.just("/a"), host=HOSTS), max_size=2),
    est_turns=st.integers(1, 80),
    sensitivity=st.sampled_from(Sensitivity),
)
subjects = st.builds(
    Subject,
    title=WORDS,
    brief=st.none() | briefs,
    body=WORDS,
    assignee=st.none() | st.sampled_from([*NAMES, "nobody", "default"]),
    kind=st.sampled_from([Kind.WORK, Kind.WORRELL]),
    may_split=st.booleans(),
)
histories = st.builds(History, failures=st.dictionaries(st.sampled_from(NAMES), st.integers(0, 4)))


@given(subjects, rubrics, teams, histories)
def test_routing_is_deterministic_and_always_explained(
    asked: Subject, rubric: Rubric, team: dict[str, Profile], history: History
) -> None:
    found = route(asked, rubric, team, history)
    assert found == route(asked, rubric.model_copy(deep=True), dict(reversed(team.items())), history)
    assert found.why and all(trial.why for trial in found.trials)
    assert (found.action == "assign") == (found.profile is not None)
    assert (found.action == "block") == (found.block_reason is not None)


@settings(max_examples=400)
@given(subjects, rubrics, teams, histories)
def test_whoever_is_chosen_may_take_it(
    asked: Subject, rubric: Rubric, team: dict[str, Profile], history: History
) -> None:
    found = route(asked, rubric, team, history)
    if found.profile is None:
        return
    profile = team[found.profile]
    brief = asked.brief or Brief(goal="none")
    assert history.failures.get(profile.name, 0) < profile.failure_limit
    assert profile.local_only == (brief.sensitivity is Sensitivity.PRIVATE)
    assert profile.role is not AgentRole.CHECKER
    assert set(brief.needs) <= set(profile.capabilities)
    assert all(profile.may_reach(target.host) for target in brief.targets)
    for boundary in rubric.boundaries:
        assert profile.name not in boundary.profiles or not meets(classify(asked, rubric), boundary.never)[0]


@given(subjects, rubrics, teams, histories)
def test_only_what_may_be_split_is_split(
    asked: Subject, rubric: Rubric, team: dict[str, Profile], history: History
) -> None:
    if route(asked, rubric, team, history).action == "split":
        assert asked.may_split and asked.kind is Kind.WORK


@given(subjects, rubrics, teams)
def test_a_wish_that_nothing_speaks_against_is_kept(asked: Subject, rubric: Rubric, team: dict[str, Profile]) -> None:
    if asked.assignee in team and objection(asked.assignee, asked, rubric, team) is None:
        assert route(asked, rubric, team, NO_FAILURES).profile == asked.assignee


@given(subjects, rubrics, teams, histories)
def test_a_block_says_failure_limit_only_where_failures_are_the_reason(
    asked: Subject, rubric: Rubric, team: dict[str, Profile], history: History
) -> None:
    if route(asked, rubric, team, history).block_reason is BlockReason.FAILURE_LIMIT:
        assert route(asked, rubric, team, NO_FAILURES).action == "assign"
