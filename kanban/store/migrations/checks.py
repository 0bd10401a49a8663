"""Changes of a check that leave the stored rows as they are."""

from sqlalchemy import Connection


def widen_check(board: Connection, table: str, last: str, more: str) -> None:
    """Put `more` in place of `last` where a table's check is written down.

    SQLite documents this way; rebuilding the table would drop what refers to it.
    """
    version = board.exec_driver_sql("PRAGMA schema_version").scalar_one()
    board.exec_driver_sql("PRAGMA writable_schema = ON")
    board.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?", (last, more, table)
    )
    board.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    board.exec_driver_sql("PRAGMA writable_schema = OFF")
