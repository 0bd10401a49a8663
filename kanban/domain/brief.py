"""A brief: the structured body of a ticket. Data first; `briefs.render` makes the flat Markdown a worker reads.

The descriptions are what a model is told of each field; nothing else explains them.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LOCAL = "local"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Sensitivity(StrEnum):
    NORMAL = "normal"
    PRIVATE = "private"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Target(_Part):
    """A file or folder the work touches: an exact path and the host it is on (`local` is this machine)."""

    path: Text = Field(
        description="Exact path from `/`, no pattern; a relative one is in the workspace, gone afterwards."
    )
    host: Text = Field(default=LOCAL, description="Its host; this machine if left out.")


class Criterion(_Part):
    """A sentence that must hold at the end; `check` is a shell command whose exit status decides it.

    The check runs in the run's workspace, or on `host` when one is named.
    """

    text: Text = Field(description="One sentence; what the person stated stands word for word.")
    check: str | None = Field(
        default=None,
        description="Bare command, no ssh; exits 0 only if it holds, fails now; quick, changes nothing.",
    )
    host: Text = Field(default=LOCAL, description="Where it runs; the workspace if left out.")
    holds_already: bool = Field(default=False, description="True now, must stay so.")

    @property
    def command(self) -> str:
        """The check; empty where there is none."""
        return (self.check or "").strip()


class Resources(_Part):
    cpu: int | None = Field(default=None, ge=1, description="How many.")
    memory_mb: int | None = Field(default=None, ge=1, description="Memory.")
    minutes: int | None = Field(default=None, ge=1, description="After which a run is stopped.")


class Brief(_Part):
    """All that a worker needs to know, in one place."""

    goal: Text = Field(description="One sentence: what is true when it is done.")
    context: str = Field(
        default="", description="What the files do not tell: why, what exists, what is decided, the present text."
    )
    targets: list[Target] = Field(default=[], description="Every file or folder that is changed, one entry each.")
    steps: list[Text] = Field(default=[], description="What to do, in order, one action each, with the commands.")
    research: list[Text] = Field(default=[], description="Exact queries and pages, and what to look for there.")
    output_format: str = Field(default="", description="Headings, columns, units, length of the result.")
    criteria: list[Criterion] = Field(default=[], description="What must hold at the end, with a check where one can.")
    deliverables: list[Text] = Field(
        default=[], description="Each file or text that must exist at the end; a criterion is about each."
    )
    pitfalls: list[Text] = Field(default=[], description="What goes wrong easily; what must not be touched.")
    links: list[Text] = Field(default=[], description="Addresses worth reading.")
    needs: list[Text] = Field(default=[], description="Capabilities it takes, in the profiles' words.")
    category: str = Field(default="", description="Kind of work, in the rubric's words.")
    est_turns: int = Field(default=10, ge=1, description="Honest estimate of model turns.")
    resources: Resources = Field(default=Resources(), description="Only for heavy work.")
    sensitivity: Sensitivity = Field(
        default=Sensitivity.NORMAL, description="`private`: personal, no outside model may see it."
    )

    @property
    def is_private(self) -> bool:
        """Whether no outside model may see it."""
        return self.sensitivity is Sensitivity.PRIVATE

    @property
    def has_check(self) -> bool:
        """Whether a command decides any of its criteria."""
        return any(criterion.command for criterion in self.criteria)


class TicketDraft(_Part):
    """A ticket as it is asked for: a brief, who should take it, and what must be done before.

    `assignee` empty means that the rubric decides. `depends_on` holds numbers of tickets on the board;
    `after` holds titles of other drafts in the same filing.
    """

    title: Text = Field(description="Verb and object, unique in the filing.")
    brief: Brief
    assignee: str = Field(default="", description="Left out, the rubric decides; else whom the person named.")
    priority: int = Field(default=0, description="Higher first; only if the person says it is urgent.")
    depends_on: list[int] = Field(default=[], description="Numbers of tickets whose finished result it needs.")
    after: list[Text] = Field(default=[], description="Titles in this filing whose finished result it needs.")


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Finding(_Part):
    """What is wrong with a brief: a stable code, the place in it, and what to write instead."""

    code: str
    place: str
    message: str
    severity: Severity = Severity.ERROR
