"""Paused models: a provider that is out of quota or down pauses its model, not the tickets that need it."""

import random
from dataclasses import dataclass

from sqlalchemy import Connection

from kanban.domain.outcome import Ending, measure_pause
from kanban.store.db import Database
from kanban.store.outbox import record_notice

FORGOTTEN_AFTER = 3600.0  # seconds after the end of a pause until another one is new trouble
JITTER = 0.2  # the share of a pause that is left to chance, so that many runs do not come back at once

_PAUSE = """
INSERT INTO model_pause (model, since, until, strikes, outcome, why) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (model) DO UPDATE SET since = excluded.since, until = excluded.until, strikes = excluded.strikes,
                                  outcome = excluded.outcome, why = excluded.why"""


@dataclass(frozen=True)
class Pause:
    """Until when (seconds since the epoch) a model is left alone, and the provider's own words why."""

    model: str
    since: float
    until: float
    strikes: int
    outcome: str
    why: str


class Pauses:
    """Reads and lifts pauses; the end of a run makes them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def active(self, now: float) -> dict[str, Pause]:
        """The models that are paused now, by name."""
        rows = self._db.read("SELECT * FROM model_pause WHERE until > ?", (now,))
        return {row.model: Pause(**row._mapping) for row in rows}


def pause_model(tx: Connection, model: str, ending: Ending, now: float) -> float:
    """Pause a model that turned a run away and return until when; one pause and one notice, however many runs meet it.

    Trouble that comes back soon doubles the pause; what the provider asks for (`ending.retry_after`) is the least.
    """
    known = tx.exec_driver_sql("SELECT until, strikes FROM model_pause WHERE model = ?", (model,)).first()
    if known is not None and known.until > now:
        until = max(known.until, now + (ending.retry_after or 0.0))
        tx.exec_driver_sql("UPDATE model_pause SET until = ? WHERE model = ?", (until, model))
        return float(until)
    again = known is not None and now - known.until < FORGOTTEN_AFTER
    strikes = known.strikes + 1 if known is not None and again else 1
    until = now + measure_pause(strikes, ending.retry_after) * (1 + JITTER * random.random())
    tx.exec_driver_sql(_PAUSE, (model, now, until, strikes, ending.outcome, ending.explanation))
    told = f"model {model} is paused for {until - now:.0f} s ({ending.outcome}): {ending.explanation}"
    record_notice(tx, f"model:{model}:{now}", told, now)
    return until


def forget_pause(tx: Connection, model: str, now: float) -> None:
    """A run of the model went well: the next trouble is new trouble. What ends during a pause had begun before it."""
    tx.exec_driver_sql("DELETE FROM model_pause WHERE model = ? AND until <= ?", (model, now))
