"""Who may do what on the board. Whatever is not named here is allowed to nobody."""

from enum import StrEnum

from kanban.domain.ticket import Caller, Mover
from kanban.errors import Refused


class Verb(StrEnum):
    """Everything that somebody can do on the board; the event log uses the same words."""

    # on a ticket
    CREATE = "create"
    SPLIT = "split"
    REWRITE = "rewrite"
    EDIT = "edit"
    RETITLE = "retitle"
    ASSIGN = "assign"
    UNBLOCK = "unblock"
    BLOCK = "block"
    CANCEL = "cancel"
    REOPEN = "reopen"
    RETRY = "retry"
    DEPEND = "depend"
    UNDO = "undo"
    COMMENT = "comment"
    ASK_PERSON = "ask_person"
    NEEDS_PERSON = "needs_person"
    REVIEW = "review"
    REPORT = "report"
    CHECK_PASSED = "check_passed"
    CHECK_FAILED = "check_failed"
    MOVE = "move"
    PROMOTE = "promote"
    HOLD_BACK = "hold_back"
    SEND_TO_SPLIT = "send_to_split"
    # on a run
    CLAIM = "claim"
    START = "start"
    END = "end"
    # on a request
    ASK = "ask"
    ANSWER = "answer"
    CLOSE = "close"
    GIVE_UP = "give_up"
    # on an approval
    ASK_APPROVAL = "ask_approval"
    APPROVED = "approved"
    DENIED = "denied"
    USE_GRANT = "use_grant"
    # on what is kept for next time
    CHANGE_MEMORY = "change_memory"
    FORGET = "forget"
    # runs that are started, by their purpose
    CHAT = "chat"
    DECOMPOSE = "decompose"
    DIAGNOSE = "diagnose"
    SYNTHESIZE = "synthesize"
    WORK = "work"


_PERSON = frozenset({Mover.PERSON})
_PLANNERS = frozenset({Mover.PERSON, Mover.ORCHESTRATOR})
_ORCHESTRATOR = frozenset({Mover.ORCHESTRATOR})
_DISPATCHER = frozenset({Mover.DISPATCHER})
_AGENTS = frozenset({Mover.ORCHESTRATOR, Mover.RUNNER, Mover.CHECKER})
_OF_A_RUN = frozenset({Mover.RUNNER, Mover.CHECKER})

MAY: dict[Verb, frozenset[Mover]] = {
    Verb.CREATE: _PLANNERS,
    Verb.SPLIT: _PLANNERS,
    Verb.REWRITE: _PLANNERS,
    Verb.EDIT: _PERSON,
    Verb.ASSIGN: _PLANNERS,
    Verb.UNBLOCK: _PLANNERS,
    Verb.BLOCK: _PERSON,
    Verb.CANCEL: _PLANNERS,
    Verb.REOPEN: _PERSON,
    Verb.RETRY: _PERSON,
    Verb.DEPEND: _PERSON,
    Verb.UNDO: _PERSON,
    Verb.COMMENT: frozenset({Mover.PERSON, *_AGENTS}),
    Verb.ASK_PERSON: _ORCHESTRATOR,
    Verb.NEEDS_PERSON: _ORCHESTRATOR | _DISPATCHER,
    Verb.REVIEW: frozenset({Mover.CHECKER}),
    Verb.REPORT: frozenset({Mover.RUNNER}),
    Verb.CHECK_PASSED: _OF_A_RUN,
    Verb.CHECK_FAILED: _OF_A_RUN,
    Verb.PROMOTE: _DISPATCHER,
    Verb.HOLD_BACK: _DISPATCHER,
    Verb.SEND_TO_SPLIT: _DISPATCHER,
    Verb.CLAIM: _DISPATCHER,
    Verb.START: _PERSON | _DISPATCHER,
    Verb.END: _AGENTS | _DISPATCHER,
    Verb.ASK: _PERSON,
    Verb.ANSWER: _ORCHESTRATOR | _DISPATCHER,
    Verb.CLOSE: _PERSON,
    Verb.GIVE_UP: _DISPATCHER,
    Verb.ASK_APPROVAL: _AGENTS,
    Verb.APPROVED: _PERSON,
    Verb.DENIED: _PERSON,
    Verb.USE_GRANT: _AGENTS,
    Verb.CHANGE_MEMORY: _PERSON,
    Verb.FORGET: _PERSON,
}


def check_verb(caller: Caller, verb: Verb) -> None:
    """Raise Refused unless a caller may do this at all. Nothing is the person's that comes out of a run."""
    allowed = MAY.get(verb, frozenset())
    if caller.mover not in allowed or (caller.mover is Mover.PERSON and caller.run_id is not None):
        whose = ", ".join(sorted(allowed)) or "nobody"
        raise Refused(f"{caller.name} ({caller.mover}) may not {_say(verb)}", f"that is for: {whose}")
    if caller.mover in _OF_A_RUN and caller.run_id is None:
        raise Refused(f"{caller.name} ({caller.mover}) acts in no run", "a worker or checker acts in its run only")


def check_own(caller: Caller, verb: Verb, ticket_id: int | None, own_ticket: int | None) -> None:
    """Raise Refused where a worker or checker, whose run is of `own_ticket`, means another ticket."""
    if caller.mover in _OF_A_RUN and ticket_id is not None and ticket_id != own_ticket:
        told = f"run {caller.run_id} of {caller.name} may not {_say(verb)} on ticket {ticket_id}"
        raise Refused(told, "it may do so on its own ticket only")


def check_own_run(caller: Caller, verb: Verb, run_id: int | None) -> None:
    """Raise Refused where an agent means another run than its own; only the dispatcher acts on all."""
    if run_id is not None and caller.mover in _AGENTS and caller.run_id != run_id:
        raise Refused(f"{caller.name} may not {_say(verb)} run {run_id}", "an agent acts on its own run only")


_SAID = {
    Verb.APPROVED: "answer approvals",
    Verb.DENIED: "answer approvals",
    Verb.CHECK_PASSED: "report checks",
    Verb.CHECK_FAILED: "report checks",
    Verb.DEPEND: "make tickets wait",
}


def _say(verb: Verb) -> str:
    return _SAID.get(verb, verb.value.replace("_", " "))
