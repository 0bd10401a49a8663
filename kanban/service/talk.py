"""One exchange with Ginger: a `chat` run in the process of the person who waits for it."""

from collections.abc import Callable
from dataclasses import dataclass

from kanban.agents.context import Context
from kanban.agents.purposes.orchestrate import talk
from kanban.dispatch.runner import end_run, hold_lease, play, this_process
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.profile import Profile
from kanban.domain.ticket import Caller
from kanban.errors import KanbanError
from kanban.store.runs import NewRun, Runs

ContextMaker = Callable[[int], Context]


@dataclass(frozen=True)
class Exchange:
    """What came of an exchange: `awaits` says whether an answer will follow, since tickets were filed.

    `is_due`: it broke off, and the dispatcher takes it over.
    """

    request_id: int
    conversation_id: int
    ending: Ending
    awaits: bool
    is_due: bool = False

    def require_end(self, ginger: Profile) -> None:
        """Raise KanbanError, which says what became of the person's words, when she could not finish."""
        if self.ending.outcome is not Outcome.DONE:
            again = "the daemon asks her again" if self.is_due else self._tell_retry()
            raise KanbanError(
                f"{ginger.name} could not finish ({self.ending.outcome}): {self.ending.explanation}",
                f"your words are kept as request {self.request_id}; {again}",
            )

    def _tell_retry(self) -> str:
        if self.awaits:
            return "what she filed goes on"
        return f"mend the cause, then `kanban request retry {self.request_id}`"


def exchange(
    words: str,
    conversation_id: int | None,
    ginger: Profile,
    caller: Caller,
    runs: Runs,
    make_context: ContextMaker,
    now: float,
    lease_seconds: float,
) -> Exchange:
    """Keep the person's words as a request and have Ginger answer them; `conversation_id` None begins a new talk.

    Whatever happens to the run, the request stays on the board.
    """
    run = NewRun(Purpose.CHAT, ginger.name, ginger.model, transcript_of=conversation_id)
    request_id, run_id = runs.open_talk(words, run, caller, now, lease_seconds)
    context = make_context(run_id)
    try:
        ending = _play_here(context, runs, words)
    finally:
        context.workshop.close()
    request = context.store.queries.get_request(request_id)
    return Exchange(request_id, conversation_id or run_id, ending, request.status == "working", request.talk_due)


def _play_here(context: Context, runs: Runs, words: str) -> Ending:
    lease = context.in_force.settings.lease_seconds
    runs.adopt(context.run_id, this_process(), str(context.workshop.workspace), context.clock() + lease)
    # this is the person's own process: a talk that was ended from outside only finds that it can write nothing more
    with hold_lease(runs, context.run_id, lease, lambda: None, context.clock):
        try:
            ending = play(context, lambda played: talk(played, words))
        except KeyboardInterrupt:
            end_run(context, runs, Ending(Outcome.CANCELLED, "stopped by the person"))
            raise
        if ending.outcome is Outcome.DONE:
            assert context.run.request_id is not None
            context.store.requests.answer_directly(
                context.run.request_id, ending.explanation, context.caller, context.clock()
            )
        end_run(context, runs, ending)
    return ending
