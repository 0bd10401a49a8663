"""Where a time begins in a table that only grows."""

from bisect import bisect_left

from kanban.store.db import Database

MOST_ROWS = 2**63 - 1  # SQLite numbers rows below this


def first_row_since(db: Database, table: str, column: str, at: float) -> int:
    """The number of the first row whose `column` is at or after a time, found by halving the table."""

    def time_of(row_id: int) -> float:
        rows = db.read(f"SELECT {column} FROM {table} WHERE id <= ? ORDER BY id DESC LIMIT 1", (row_id,))
        return float(rows[0][0]) if rows else 0.0

    last = int(db.read(f"SELECT COALESCE(MAX(id), 0) FROM {table}")[0][0])
    return bisect_left(range(last + 1), at, key=time_of)
