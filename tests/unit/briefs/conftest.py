"""What the lint is told about the board in these tests."""

from collections.abc import Callable, Collection
from typing import Any

import pytest

from kanban.briefs.lint import lint_draft
from kanban.domain.brief import Finding, TicketDraft
from kanban.domain.profile import Profile
from kanban.domain.rubric import Breadth, Condition, Rubric, Rule
from kanban.domain.tool import AgentRole

PROFILES = {
    name: Profile(name=name, role=role, model="any", max_turns=turns)
    for name, role, turns in (
        ("ginger", AgentRole.ORCHESTRATOR, 90),
        ("cody", AgentRole.WORKER, 60),
        ("scout", AgentRole.WORKER, 30),
        ("checker", AgentRole.CHECKER, 20),
    )
}

RUBRIC = Rubric(
    rules=[
        Rule(name="pages", when=Condition(category=["ui"]), assign="scout", reason="light work"),
        Rule(name="the-rest", when=Condition(category=["research", "Writing"]), assign="cody", reason="all else"),
    ],
    decompose_over=Breadth(targets=8, est_turns=60),
)

BOARD: dict[str, Any] = {"hosts": ["webb", "musial"], "profiles": PROFILES, "rubric": RUBRIC}


def change(draft: TicketDraft, assignee: str = "", **parts: object) -> TicketDraft:
    """The draft with some parts of its brief replaced, validated anew."""
    brief = {**draft.brief.model_dump(), **parts}
    return TicketDraft.model_validate({**draft.model_dump(), "brief": brief, "assignee": assignee})


def codes(findings: Collection[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in findings]


@pytest.fixture
def lint_one() -> Callable[[TicketDraft], list[tuple[str, str]]]:
    """Lint a draft on its own; returns (code, place) of each finding."""
    return lambda draft: codes(lint_draft(draft, **BOARD))
