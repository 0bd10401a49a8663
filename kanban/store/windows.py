"""What models turned out to read at most: learned when one refused or cut off a longer request."""

from kanban.store.db import Database


class Windows:
    """The windows that were learned."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> dict[str, int]:
        """How many tokens each model can read, as far as it was learned."""
        return {row.model: row.tokens for row in self._db.read("SELECT model, tokens FROM model_window")}

    def learn(self, model: str, tokens: int, now: float) -> None:
        """Note what a model can read; what is learned later counts."""
        with self._db.write() as tx:
            tx.exec_driver_sql(
                "INSERT INTO model_window (model, tokens, learned_at) VALUES (?, ?, ?) "
                "ON CONFLICT (model) DO UPDATE SET tokens = excluded.tokens, learned_at = excluded.learned_at",
                (model, tokens, now),
            )

    def forget(self, model: str) -> None:
        """Forget what was learned: the server was started with another window."""
        with self._db.write() as tx:
            tx.exec_driver_sql("DELETE FROM model_window WHERE model = ?", (model,))
