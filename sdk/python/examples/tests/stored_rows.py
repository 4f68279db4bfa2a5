"""What is in a recorder's SQLite file."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def rows_of(file: Path, table: str) -> list[tuple[Any, ...]]:
    """Rows of a table as they were inserted."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()


def table_names(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
