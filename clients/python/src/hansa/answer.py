"""Answers to questions, and what they read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import adbc_driver_manager
import pyarrow

from hansa.errors import HansaError, UsageError, of_flight

if TYPE_CHECKING:
    import pandas
    import polars

__all__ = ["Answer", "Reading"]

READS = b"hansa.reads"
"""The key of the metadata of a schema under which stands what an answer reads."""


@dataclass(frozen=True)
class Reading:
    """A dataset that an answer reads: under which contract, and what is owed for it."""

    participant: str
    """Who gives it."""
    dataset: str
    """Its name there."""
    contract: str | None
    """The contract or public view under which it was given."""
    title: str | None
    """Its title."""
    licence: str | None
    """Its licence."""
    attributions: tuple[str, ...]
    """What has to be said of its sources wherever a figure is passed on."""
    units: dict[str, str]
    """The units of its columns."""
    details: dict[str, Any] = field(repr=False)
    """All that the connector tells of it."""

    @classmethod
    def of_json(cls, reading: dict[str, Any]) -> Reading:
        """A reading as the connector writes it."""
        return cls(
            participant=reading["participant"],
            dataset=reading["dataset"],
            contract=reading.get("contract"),
            title=reading.get("title"),
            licence=reading.get("licence"),
            attributions=tuple(reading.get("attribution") or ()),
            units=dict(reading.get("units") or {}),
            details=reading,
        )


class Answer:
    """The answer to a question: rows that come while they are read.

    An answer is whole or an error: one that lacks a participant, or that is cut, raises, and gives no table. Whoever closes an
    answer that has not been read to its end ends the question.

    Programs that read Arrow streams take it as it is, such as ``polars.DataFrame(answer)`` or ``duckdb.from_arrow(answer)``.
    """

    def __init__(self, reader: pyarrow.RecordBatchReader, close: Callable[[], None]) -> None:
        """Of a reader, and what ends its question. The first rows are waited for, so that a refusal is told at once."""
        self._reader: pyarrow.RecordBatchReader | None = reader
        self._close: Callable[[], None] | None = close
        self._schema: pyarrow.Schema = reader.schema
        self._table: pyarrow.Table | None = None
        self._failed: HansaError | None = None
        self._first: pyarrow.RecordBatch | None = _next(reader)

    @property
    def schema(self) -> pyarrow.Schema:
        """The columns; they are known before the first row."""
        return self._schema

    @property
    def reads(self) -> tuple[Reading, ...]:
        """What the answer reads: each dataset with its contract, licence and attribution."""
        metadata = self._schema.metadata or {}
        return tuple(Reading.of_json(reading) for reading in json.loads(metadata.get(READS, b"[]")))

    @property
    def attributions(self) -> tuple[str, ...]:
        """What has to be said of the sources wherever a figure of the answer is passed on."""
        return tuple(dict.fromkeys(text for reading in self.reads for text in reading.attributions))

    def arrow(self) -> pyarrow.Table:
        """All rows as a table.

        Raises:
            HansaError: The answer is not whole.
        """
        if self._table is None:
            batches = list(self.batches())
            self._table = pyarrow.Table.from_batches(batches, self._schema)
        return self._table

    def pandas(self, **options: Any) -> pandas.DataFrame:
        """All rows as a data frame of pandas.

        Args:
            options: Those of `pyarrow.Table.to_pandas`.

        Raises:
            HansaError: The answer is not whole.
        """
        return self.arrow().to_pandas(**options)

    def polars(self) -> polars.DataFrame:
        """All rows as a data frame of Polars.

        Raises:
            HansaError: The answer is not whole.
        """
        import polars

        frame = polars.from_arrow(self.arrow())
        if not isinstance(frame, polars.DataFrame):
            raise TypeError("a table became no data frame")
        return frame

    def batches(self) -> Iterator[pyarrow.RecordBatch]:
        """The rows as they come, without holding all of them. They can be read so once, unless `arrow` has read them before.

        Raises:
            HansaError: The answer is not whole; the rows that came before then are no answer.
        """
        if self._table is not None:
            yield from self._table.to_batches()
            return
        if self._failed is not None:
            raise self._failed
        reader, self._reader = self._reader, None
        if reader is None:
            raise UsageError("CLIENT_ANSWER_READ", "the answer was read before, or closed", help=["ask again"])
        batch, self._first = self._first, None
        try:
            while batch is not None:
                yield batch
                try:
                    batch = _next(reader)
                except HansaError as error:
                    self._failed = error
                    raise
        finally:
            reader.close()
            self.close()

    def reader(self) -> pyarrow.RecordBatchReader:
        """The rows as they come, for what reads Arrow.

        Raises:
            HansaError: The answer is not whole, told while it is read.
        """
        return pyarrow.RecordBatchReader.from_batches(self._schema, self.batches())

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows for programs that read Arrow streams."""
        return self.reader().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        """The number of rows, all of which are read for it."""
        return int(self.arrow().num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows, each as a dictionary."""
        for batch in self.batches():
            yield from batch.to_pylist()

    def __repr__(self) -> str:
        columns = ", ".join(f"{column.name} {column.type}" for column in self._schema)
        rows = "" if self._table is None else f"{self._table.num_rows} rows of "
        return f"<hansa.Answer: {rows}{columns}>"

    def _repr_html_(self) -> str:
        """As a notebook shows it: the first rows and the sources."""
        import html

        table = self.arrow()
        head = "".join(f"<th>{html.escape(name)}</th>" for name in table.column_names)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in row.values()) + "</tr>"
            for row in table.slice(0, SHOWN_ROWS).to_pylist()
        )
        more = "" if table.num_rows <= SHOWN_ROWS else f"<p>{SHOWN_ROWS} of {table.num_rows} rows</p>"
        sources = "".join(f"<li>{html.escape(text)}</li>" for text in self.attributions)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}<ul>{sources}</ul>"

    def close(self) -> None:
        """Lets go of it; a question that still runs is ended."""
        reader, self._reader = self._reader, None
        close, self._close = self._close, None
        if reader is not None:
            reader.close()
        if close is not None:
            close()

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


SHOWN_ROWS = 20
"""So many rows a notebook shows."""


def _next(reader: pyarrow.RecordBatchReader) -> pyarrow.RecordBatch | None:
    """The next rows; none at the end."""
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None
    except (adbc_driver_manager.Error, pyarrow.ArrowException, OSError) as error:
        raise of_driver(error) from error


def of_driver(error: Exception) -> HansaError:
    """The exception of what a driver raised."""
    status = getattr(error, "status_code", None)
    name = getattr(status, "name", None)
    return of_flight(str(error), _ADBC_STATUS.get(name or ""))


_ADBC_STATUS = {
    "INVALID_ARGUMENT": "InvalidArgument",
    "UNAUTHORIZED": "PermissionDenied",
    "NOT_FOUND": "NotFound",
    "INVALID_STATE": "FailedPrecondition",
    "UNAUTHENTICATED": "Unauthenticated",
    "IO": "Unavailable",
    "INVALID_DATA": "DataLoss",
}
