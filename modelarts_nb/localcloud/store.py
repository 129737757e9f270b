"""The state: one SQLite file in WAL mode, in the state folder on the local disk."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

Row = sqlite3.Row

_WAIT_SECONDS = 30.0


def _bound(values: tuple[Any, ...]) -> Any:
    """What SQLite binds: the values for ``?``, or one mapping for ``:name``."""
    return values[0] if len(values) == 1 and isinstance(values[0], dict) else values


class Db:
    """One transaction. Values are always bound (``?``, or ``:name`` and a dict), never written."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def one(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(sql, _bound(values)).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[Row]:
        """Every row."""
        return self._connection.execute(sql, _bound(values)).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        """Change something; how many rows it was."""
        return self._connection.execute(sql, _bound(values)).rowcount


class OtherVersion(Exception):
    """The state was made by a version of this program with other tables."""


class Store:
    """Transactions on the state file.

    Readers do not wait for writers nor writers for readers (WAL); one writer at a time.

    Args:
        path: the file; made where it is missing.
        schemas: SQL of each service, run when the file is new.

    Raises:
        OtherVersion: the file has other tables.
    """

    def __init__(self, path: Path, schemas: Iterable[str]) -> None:
        self._path = path
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        self._closed = False
        statements = [part for text in schemas for part in text.split(";") if part.strip()]
        version = zlib.crc32("".join(statements).encode()) & 0x7FFFFFFF
        with self.write() as db:
            if db.one("SELECT 1 FROM sqlite_master") is None:
                for statement in statements:
                    db.run(statement)
                db.run(f"PRAGMA user_version = {version}")
            found = db.one("PRAGMA user_version")
        if found is None or found[0] != version:
            self.close()
            raise OtherVersion

    @contextmanager
    def write(self) -> Iterator[Db]:
        """A transaction that may change things: kept on success, undone on an exception."""
        with self._transaction("BEGIN IMMEDIATE", "OFF") as db:
            yield db

    @contextmanager
    def read(self) -> Iterator[Db]:
        """A transaction that sees one state of everything and can change none of it."""
        with self._transaction("BEGIN", "ON") as db:
            yield db

    @contextmanager
    def _transaction(self, begin: str, only_reads: str) -> Iterator[Db]:
        connection = self._take()
        try:
            connection.execute(f"PRAGMA query_only={only_reads}")
            connection.execute(begin)
            yield Db(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            if self._closed:
                connection.close()
            else:
                self._idle.put(connection)

    def _take(self) -> sqlite3.Connection:
        if self._closed:
            raise sqlite3.ProgrammingError("the local cloud has ended")
        try:
            return self._idle.get_nowait()
        except Empty:
            connection = sqlite3.connect(
                self._path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=ON")
            return connection

    def close(self) -> None:
        """Close what is open and fold the log into the file; what is in use closes after it."""
        self._closed = True
        while not self._idle.empty():
            self._idle.get_nowait().close()
