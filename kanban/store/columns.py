"""Words for the columns of tables that SQLModel has none for."""

from collections.abc import Iterable
from typing import Any

from sqlmodel import CheckConstraint, Field, text


def default(value: str | float) -> Any:
    """A column with this default for Python and for plain SQL alike."""
    written = f"'{value}'" if isinstance(value, str) else str(int(value) if isinstance(value, bool) else value)
    return Field(default=value, sa_column_kwargs={"server_default": text(written)})


def one_of(column: str, values: Iterable[str], *, optional: bool = False) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    rule = f"{column} IN ({listed})"
    return CheckConstraint(f"{column} IS NULL OR {rule}" if optional else rule, name=f"ck_{column}")
