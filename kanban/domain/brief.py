"""A brief: the structured body of a ticket. Data first; `briefs.render` makes the flat Markdown a worker reads."""

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

    path: Text
    host: Text = LOCAL


class Criterion(_Part):
    """A sentence that must hold at the end; `check` is a shell command whose exit status decides it.

    The check runs in the run's workspace, or on `host` when one is named.
    """

    text: Text
    check: str | None = None
    host: Text = LOCAL


class Resources(_Part):
    cpu: int | None = Field(default=None, ge=1)
    memory_mb: int | None = Field(default=None, ge=1)
    minutes: int | None = Field(default=None, ge=1)


class Brief(_Part):
    """All that a worker needs to know, in one place."""

    goal: Text
    context: str = ""
    targets: list[Target] = []
    steps: list[Text] = []
    research: list[Text] = []
    output_format: str = ""
    criteria: list[Criterion] = []
    deliverables: list[Text] = []
    pitfalls: list[Text] = []
    links: list[Text] = []
    needs: list[Text] = []
    category: str = ""
    est_turns: int = Field(default=10, ge=1)
    resources: Resources = Resources()
    sensitivity: Sensitivity = Sensitivity.NORMAL


class TicketDraft(_Part):
    """A ticket as it is asked for: a brief, who should take it, and what must be done before.

    `assignee` empty means that the rubric decides. `depends_on` holds numbers of tickets on the board;
    `after` holds titles of other drafts in the same filing.
    """

    title: Text
    brief: Brief
    assignee: str = ""
    priority: int = 0
    depends_on: list[int] = []
    after: list[Text] = []


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Finding(_Part):
    """What is wrong with a brief: a stable code, the place in it, and what to write instead."""

    code: str
    place: str
    message: str
    severity: Severity = Severity.ERROR
