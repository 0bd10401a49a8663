"""What has been spent, held against what may be."""

from datetime import datetime

from kanban.domain.budget import Spent
from kanban.store.db import Database
from kanban.store.numbers import Numbers
from kanban.store.outbox import tell_once

_COLUMNS = {"run": "id", "ticket": "ticket_id", "request": "request_id"}


def midnight_before(now: float) -> float:
    """When the day of `now` began, here."""
    return datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


class DayBudget:
    """Compares what today's calls have cost with what they may; calls of unknown price count nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._numbers = Numbers(db)

    def find_overspend(self, limit_usd: float | None, now: float) -> str:
        """Why nothing further may be asked of a model today; empty while there is room or no limit."""
        if limit_usd is None:
            return ""
        spent = self._numbers.spend_since(midnight_before(now)).cost_usd
        return f"today's budget of ${limit_usd:.2f} is spent: ${spent:.2f}" if spent >= limit_usd else ""

    def spent_by(self, name: str, number: int) -> Spent:
        """What the runs of a `ticket` or a `request`, or one `run`, have cost so far."""
        row = self._db.read(
            "SELECT COALESCE(SUM(cost_usd), 0), COALESCE(SUM(prompt_tokens + completion_tokens), 0) "
            f"FROM run WHERE {_COLUMNS[name]} = ?",
            (number,),
        )[0]
        return Spent(float(row[0]), int(row[1]))

    def last_call_by(self, name: str, number: int) -> Spent:
        """What the last model call of these runs has cost; nothing before the first."""
        rows = self._db.read(
            "SELECT COALESCE(usage.cost_usd, 0), usage.prompt_tokens + usage.completion_tokens FROM usage "
            f"JOIN run ON run.id = usage.run_id WHERE run.{_COLUMNS[name]} = ? ORDER BY usage.id DESC LIMIT 1",
            (number,),
        )
        return Spent(float(rows[0][0]), int(rows[0][1])) if rows else Spent()

    def tell(self, overspend: str, now: float) -> None:
        """Tell the person, once a day."""
        key = f"budget:{midnight_before(now):.0f}"
        more = "nothing is started before tomorrow, unless you raise budget_usd_per_day in kanban.yaml"
        tell_once(self._db, key, f"{overspend}; {more}", now)
