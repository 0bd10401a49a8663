"""The person's yes to one exact call, and what the call is."""

import json
from typing import Any

from pydantic import ValidationError

from kanban.domain.rubric import Rule
from kanban.domain.ticket import Caller
from kanban.errors import InvalidFile, InvalidInput
from kanban.files.home import Home, load_profiles, load_rubric
from kanban.files.rubricfile import add_rule
from kanban.store.approvals import Approvals
from kanban.store.tables import Approval

PROPOSES_A_RULE = "propose_rule"


def approve_call(
    home: Home, approvals: Approvals, number: int, caller: Caller, now: float, for_seconds: float | None = None
) -> tuple[Approval, str | None]:
    """Let one exact call be carried out, once. A proposed rule is put first in the rubric; its name is returned.

    For `for_seconds` calls of the same ticket pass too that ask for the same reason at the same place.
    Raises InvalidInput or InvalidFile for a rule that would be refused: its approval then stays pending.
    """
    approval, rule = approvals.get(number), None
    if for_seconds is not None and (approval.ticket_id is None or approval.tool == PROPOSES_A_RULE):
        raise InvalidInput(f"approval {number} belongs to no ticket's work", f"kanban approve {number}")
    if approval.tool == PROPOSES_A_RULE and approval.status == "pending":
        rule = _take_rule(home, approval, now)
    until = None if for_seconds is None else now + for_seconds
    return approvals.decide(number, True, "", caller, now, until), rule


def deny_call(approvals: Approvals, number: int, reason: str, caller: Caller, now: float) -> Approval:
    """Refuse one exact call, or take back a yes that was not used or that still holds for calls like it."""
    return approvals.decide(number, False, reason, caller, now)


def read_arguments(approval: Approval) -> Any:
    """The arguments of the call as data, or as the text they came in."""
    try:
        return json.loads(approval.arguments)
    except ValueError:
        return approval.arguments


def host_of_call(approval: Approval) -> str | None:
    """Where the call would act; None for a call that touches no host."""
    arguments = read_arguments(approval)
    if approval.tool == PROPOSES_A_RULE or not isinstance(arguments, dict):
        return None
    return str(arguments.get("host") or "local")


def read_proposed_rule(approval: Approval) -> tuple[Rule, str]:
    """The rule that is proposed, and the person's words behind it. Raises InvalidInput when there is none."""
    proposed = read_arguments(approval)
    try:
        said = proposed.pop("said")
        return Rule.model_validate(proposed), str(said)
    except (ValidationError, KeyError, AttributeError, TypeError) as error:
        raise InvalidInput(
            f"approval {approval.id} holds no rule: {error}", f'kanban deny {approval.id} --reason "…"'
        ) from None


def _take_rule(home: Home, approval: Approval, now: float) -> str:
    rule, said = read_proposed_rule(approval)
    try:
        if rule in load_rubric(home, load_profiles(home)).rules:
            return rule.name  # a yes that was cut off between the file and the board
        add_rule(home, rule, said, now)
    except InvalidFile as error:
        error.hint = f"{error.hint}; the rubric is as it was and approval {approval.id} still waits".removeprefix("; ")
        raise
    return rule.name
