"""Datasets of others: what may be asked for now, and what is offered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

from hansa.errors import HansaError

if TYPE_CHECKING:
    import pandas

__all__ = ["Catalog", "Column", "Dataset", "Offer", "Term"]


@dataclass(frozen=True)
class Term:
    """A clause in words."""

    clause: str
    """Its number, such as ``#c3``."""
    text: str
    """Its sentence."""


def terms(told: Sequence[dict[str, Any]]) -> tuple[Term, ...]:
    """Clauses as a connector writes them."""
    return tuple(Term(term["clause"], term["text"]) for term in told)


@dataclass(frozen=True)
class Offer:
    """An offer of a dataset: with both signatures it becomes a contract."""

    offer: str
    """Its identity; a prefix is enough."""
    title: str
    """Its title."""
    terms: tuple[Term, ...]
    """Its clauses in words."""


@dataclass(frozen=True)
class Column:
    """A column, as its owner describes it."""

    name: str
    """Its name."""
    type: str
    """Its type."""
    unit: str | None
    """The unit of its values."""
    meaning: str | None
    """What it holds."""


@dataclass(frozen=True)
class Dataset:
    """A dataset of somebody else."""

    name: str
    """Its name in SQL: participant and dataset."""
    participant: str
    """Who owns it."""
    title: str
    """Its title."""
    licence: str | None
    """Its licence."""
    attribution: str | None
    """What has to be said of its source."""
    model: str | None
    """The model that it is part of: ``model.NAME`` in SQL asks all participants that have it."""
    kind: str | None
    """Measured, forecast, modelled or estimated."""
    described: tuple[Column, ...]
    """Its columns as its owner describes them."""
    columns: tuple[str, ...]
    """The columns that may be asked for now, with the purpose for which the catalogue was read; none while there is no contract."""
    contracts: tuple[str, ...]
    """The contracts in force over it."""
    public_views: tuple[str, ...]
    """The views of it that its owner has signed for everybody."""
    offers: tuple[Offer, ...]
    """What can be contracted: `Participant.request_contract`."""
    details: dict[str, Any] = field(repr=False)
    """All that its owner tells of it."""

    @property
    def may_be_asked(self) -> bool:
        """Whether questions over it may be asked now."""
        return bool(self.columns)

    @classmethod
    def of_json(cls, told: dict[str, Any], columns: tuple[str, ...]) -> Dataset:
        """A dataset as `hansa catalog` tells it, with the columns that may be asked for."""
        entry = told["entry"]
        return cls(
            name=told["name"],
            participant=told["participant"],
            title=entry.get("title") or "",
            licence=entry.get("licence"),
            attribution=entry.get("attribution"),
            model=entry.get("model"),
            kind=entry.get("kind"),
            described=tuple(
                Column(column["name"], str(column.get("type")), column.get("unit"), column.get("meaning"))
                for column in entry.get("columns") or ()
            ),
            columns=columns,
            contracts=tuple(told.get("contracts") or ()),
            public_views=tuple(view["contract"] for view in told.get("public_views") or ()),
            offers=tuple(Offer(offer["offer"], offer["title"], terms(offer["terms"])) for offer in told.get("offers") or ()),
            details=told,
        )


@dataclass(frozen=True)
class Catalog(Sequence[Dataset]):
    """What others show: a sequence of datasets."""

    datasets: tuple[Dataset, ...]
    """The datasets."""
    models: dict[str, tuple[str, ...]]
    """The models that may be asked now, with their columns: ``model.NAME`` in SQL."""
    missing: tuple[HansaError, ...]
    """Why the catalogues of some participants are not in here; each is warned of, too."""

    @property
    def askable(self) -> tuple[Dataset, ...]:
        """What may be asked for now."""
        return tuple(dataset for dataset in self.datasets if dataset.may_be_asked)

    @property
    def offered(self) -> tuple[Dataset, ...]:
        """What could be contracted."""
        return tuple(dataset for dataset in self.datasets if dataset.offers)

    @overload
    def __getitem__(self, key: int | str) -> Dataset: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Dataset]: ...
    def __getitem__(self, key: int | str | slice) -> Dataset | Sequence[Dataset]:
        """A dataset, by its place or its name."""
        if isinstance(key, str):
            for dataset in self.datasets:
                if dataset.name == key:
                    return dataset
            raise KeyError(key)
        return self.datasets[key]

    def __len__(self) -> int:
        return len(self.datasets)

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self.datasets)

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {
                "dataset": dataset.name,
                "title": dataset.title,
                "owner": dataset.participant,
                "licence": dataset.licence,
                "model": dataset.model,
                "columns": ", ".join(dataset.columns),
                "by": ", ".join(
                    ["contract"] * bool(dataset.contracts)
                    + ["public view"] * bool(dataset.public_views)
                    + ["offer"] * bool(dataset.offers and not dataset.contracts)
                ),
            }
            for dataset in self.datasets
        ]

    def pandas(self) -> pandas.DataFrame:
        """The catalogue as a data frame of pandas, a row for each dataset."""
        import pandas

        return pandas.DataFrame(self._rows())

    def _repr_html_(self) -> str:
        import html

        rows = self._rows()
        if not rows:
            return "<p>no dataset is shown to this participant</p>"
        head = "".join(f"<th>{name}</th>" for name in rows[0])
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(value or ''))}</td>" for value in row.values()) + "</tr>" for row in rows
        )
        missing = "".join(f"<p>missing: {html.escape(str(error))}</p>" for error in self.missing)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{missing}"
