"""Which runs nobody needs any more, and which of their files stay whatever happens to the rest."""

import re
from dataclasses import dataclass

from kanban.store.db import Database

# A run is needed while its ticket, its request, or an open ticket that its ticket belongs to is not through.
_OVER = """
SELECT run.id, run.ended_at FROM run
LEFT JOIN ticket t ON t.id = run.ticket_id
LEFT JOIN request r ON r.id = COALESCE(t.request_id, run.request_id)
WHERE run.ended_at IS NOT NULL
  AND (t.id IS NULL OR t.status IN ('done', 'cancelled'))
  AND (r.id IS NULL OR r.status IN ('answered', 'closed'))
  AND NOT EXISTS (SELECT 1 FROM ticket o WHERE o.status NOT IN ('done', 'cancelled') AND (
      o.id IN (t.parent_id, t.about_id)
      OR EXISTS (SELECT 1 FROM dependency d WHERE d.ticket_id = o.id AND d.depends_on = t.id)))
ORDER BY run.ended_at, run.id"""

_OPEN_TEXTS = """
SELECT body AS text FROM brief JOIN ticket t ON t.id = brief.ticket_id WHERE t.status NOT IN ('done', 'cancelled')
UNION ALL
SELECT text FROM comment JOIN ticket t ON t.id = comment.ticket_id WHERE t.status NOT IN ('done', 'cancelled')"""

_RUN_NAMED = re.compile(r"\bruns/(\d{1,15})\b")
_FILE_NAMED = re.compile(r"\bruns/\d{1,15}/[^\s`'\")\]]+")


@dataclass(frozen=True)
class OverRun:
    """A run whose folder may go, and when it ended."""

    id: int
    ended_at: float


class Retention:
    """What the board says about the files of its runs."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def runs_that_are_over(self) -> list[OverRun]:
        """Runs that no open ticket and no unanswered request needs or names, longest ended first."""
        named = {number for row in self._db.read(_OPEN_TEXTS) for number in map(int, _RUN_NAMED.findall(row.text))}
        return [OverRun(row.id, row.ended_at) for row in self._db.read(_OVER) if row.id not in named]

    def files_to_keep(self) -> set[str]:
        """Files, relative to the home, that tickets have as artifacts or answers name."""
        kept = {row.path for row in self._db.read("SELECT path FROM artifact WHERE kind != 'remote'")}
        for row in self._db.read("SELECT answer FROM request WHERE answer IS NOT NULL"):
            kept.update(path.rstrip(".,;:") for path in _FILE_NAMED.findall(row.answer))
        return kept
