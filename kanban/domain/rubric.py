"""The rubric: which profile takes what, as written in `rubric.yaml`."""

from datetime import date
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from kanban.domain.brief import Sensitivity, Text

SPLIT = "split"

RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Condition(_Part):
    """What a ticket must be like. Every part that is set must hold; an empty condition holds always.

    A list holds when any of its entries does: one of the ticket's needs, the host of one of its targets.
    A ticket without a brief has no targets and 0 estimated turns.
    `category` is the one that the brief names, else the one that the rubric's `classify` finds for it.
    `words` are looked for as whole words in title and goal.
    `unchecked` asks whether the brief names targets, and no check that shows what became of them.
    """

    category: list[Text] = []
    words: list[Text] = []
    needs: list[Text] = []
    hosts: list[Text] = []
    min_targets: int | None = Field(default=None, ge=0)
    max_targets: int | None = Field(default=None, ge=0)
    min_turns: int | None = Field(default=None, ge=1)
    max_turns: int | None = Field(default=None, ge=1)
    sensitivity: Sensitivity | None = None
    unchecked: bool | None = None

    def describe(self) -> str:
        """The parts that are set, on one line."""
        parts = self.model_dump(mode="json", exclude_defaults=True)
        spelled = [
            f"{key.replace('_', ' ')} {', '.join(value) if isinstance(value, list) else value}"
            for key, value in parts.items()
        ]
        return "; ".join(spelled) or "always"


class Rule(_Part):
    """One row: tickets that meet `when` go to `assign`, a profile or `split`."""

    name: RuleName
    when: Condition = Condition()
    assign: Text
    reason: Text


class Boundary(_Part):
    """A hard limit: the named profiles never take a ticket that meets `never`. Beats every rule and every wish."""

    name: RuleName
    profiles: list[Text] = Field(min_length=1)
    never: Condition
    reason: Text


Named = TypeVar("Named", Rule, Boundary)


class KindOfWork(_Part):
    """What a ticket is that names no category, when its title or goal says one of `words`."""

    category: Text
    words: list[Text] = Field(min_length=1)


class Correction(_Part):
    """What the person once said, and the rule or boundary it became."""

    date: date
    said: Text
    rule: RuleName


class Breadth(_Part):
    """A brief over any of these is too broad for one worker and is split first."""

    targets: int = Field(default=8, ge=1)
    est_turns: int = Field(default=60, ge=1)


class Rubric(_Part):
    """The whole of `rubric.yaml`. Rules are tried in order and the first match wins; so are the rows of `classify`.

    What meets `review` goes to the checker before it is done; None is nothing.
    """

    rules: list[Rule] = Field(min_length=1)
    boundaries: list[Boundary] = []
    classify: list[KindOfWork] = []
    corrections: list[Correction] = []
    ladder: dict[str, list[str]] = {}
    review: Condition | None = Condition(unchecked=True)
    decompose_over: Breadth = Breadth()

    @field_validator("rules", "boundaries")
    @classmethod
    def _names_are_unique(cls, rows: list[Named], info: ValidationInfo) -> list[Named]:
        taken = {row.name for row in info.data.get("rules", [])}
        for index, row in enumerate(rows):
            if row.name in taken:
                problem = f"two rules or boundaries are called {row.name!r}"
                raise PydanticCustomError("name", "{problem}", {"problem": problem, "at": (index, "name")})
            taken.add(row.name)
        return rows

    @field_validator("corrections")
    @classmethod
    def _corrections_name_rows(cls, corrections: list[Correction], info: ValidationInfo) -> list[Correction]:
        if not {"rules", "boundaries"} <= info.data.keys():
            return corrections
        known = {row.name for row in (*info.data["rules"], *info.data["boundaries"])}
        for index, correction in enumerate(corrections):
            if correction.rule not in known:
                problem = f"no rule or boundary is called {correction.rule!r}"
                raise PydanticCustomError("name", "{problem}", {"problem": problem, "at": (index, "rule")})
        return corrections

    def categories(self) -> set[str]:
        """Every category that a rule or boundary asks for, in lower case; briefs use no others."""
        conditions = [rule.when for rule in self.rules] + [boundary.never for boundary in self.boundaries]
        return {category.lower() for condition in conditions for category in condition.category}

    def profiles_named(self) -> set[str]:
        """Every profile name that the rubric mentions."""
        named = {rule.assign for rule in self.rules} - {SPLIT}
        for boundary in self.boundaries:
            named.update(boundary.profiles)
        for start, steps in self.ladder.items():
            named.update((start, *steps))
        return named
