"""What a run, a ticket and a request may cost, in money and in tokens."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

WARN_AT = 0.8  # of a limit


class Limit(BaseModel):
    """The most that something may cost; calls of unknown price count in tokens only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    usd: float | None = Field(default=None, gt=0)
    tokens: int | None = Field(default=None, gt=0)

    @property
    def is_set(self) -> bool:
        """Whether there is any."""
        return self.usd is not None or self.tokens is not None


class Budgets(BaseModel):
    """The limits of each run that works, each ticket and each request."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: Limit = Limit()
    ticket: Limit = Limit()
    request: Limit = Limit()


@dataclass(frozen=True)
class Spent:
    """Dollars and tokens, of prompts and completions together."""

    usd: float = 0.0
    tokens: int = 0


def find_excess(limit: Limit, spent: Spent, next_call: Spent) -> str:
    """How one call more, if it costs what the last one did, would pass the limit; empty where it would not."""
    if limit.usd is not None and spent.usd + next_call.usd > limit.usd:
        return f"${limit.usd:.2f}: ${spent.usd:.2f} is spent, and the next call would cost about ${next_call.usd:.2f}"
    if limit.tokens is not None and spent.tokens + next_call.tokens > limit.tokens:
        told = f"{spent.tokens:,} are spent, and the next call would take about {next_call.tokens:,}"
        return f"{limit.tokens:,} tokens: {told}"
    return ""


def is_nearly_spent(limit: Limit, spent: Spent) -> bool:
    """Whether four fifths of the limit are spent."""
    by_money = limit.usd is not None and spent.usd >= WARN_AT * limit.usd
    return by_money or (limit.tokens is not None and spent.tokens >= WARN_AT * limit.tokens)
