"""A participant: its connector, its contracts, and its questions."""

from __future__ import annotations

import getpass
import json
import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import adbc_driver_flightsql.dbapi as flight_sql
import adbc_driver_manager
import adbc_driver_manager.dbapi

from hansa import command
from hansa.answer import Answer, of_driver
from hansa.catalog import Catalog, Dataset, Offer, Term, terms
from hansa.connector import ConnectorHold
from hansa.errors import EvidenceError, HansaError, HansaWarning, UsageError

__all__ = ["Contract", "Negotiation", "Participant", "Receipt", "Verification", "connect"]

NO_PURPOSE = ""
"""A question that states none, whatever the session is for."""

TOKEN_DAYS = 1
"""So many days the access token of a session counts, if the session dies before it has revoked it."""

TOKEN_SECONDS = 20 * 3600
"""So long a token is used; a session that goes on for days makes another one."""


@dataclass(frozen=True)
class Contract:
    """A contract that this participant has with another one."""

    contract: str
    """Its identity; a prefix is enough for all calls."""
    dataset: str
    """The dataset that it is over."""
    provider: str
    """Who gives."""
    consumer: str | None
    """Who takes."""
    state: str
    """``in force``, or why it is not."""
    kind: str
    """``aggregates`` or ``rows``."""
    not_before: str
    """Its first instant."""
    not_after: str
    """Its last instant."""
    terms: tuple[Term, ...]
    """Its clauses in words."""
    details: dict[str, Any] = field(repr=False)
    """All that the connector tells of it."""

    @property
    def in_force(self) -> bool:
        """Whether it is in force."""
        return self.state == "in force"


@dataclass(frozen=True)
class Negotiation:
    """A contract on its way."""

    negotiation: str
    """Its name, such as ``n-3c51``."""
    dataset: str
    """The dataset that it is over."""
    participant: str
    """With whom."""
    state: str
    """How far it is, such as ``REQUESTED``, ``AGREED`` or ``FINALIZED``."""
    turn: str | None
    """Whose turn it is."""
    contract: str | None
    """The contract that it becomes."""
    reason: str | None
    """Why it was ended, where somebody ended it."""
    details: dict[str, Any] = field(repr=False)
    """All that the connector tells of it."""

    @property
    def in_force(self) -> bool:
        """Whether both have signed."""
        return self.state == "FINALIZED"


@dataclass(frozen=True)
class Receipt:
    """An answer that came, as the own log holds it: the provider's receipt, checked and countersigned."""

    at: str
    """When."""
    participant: str
    """From whom."""
    rows: int | None
    """How many rows."""
    bytes: int | None
    """How many bytes."""
    outcome: str | None
    """How it ended."""
    receipt: str | None
    """The digest of the signed receipt."""
    record: int
    """The number of the record: `hansa audit show`."""
    details: dict[str, Any] = field(repr=False)
    """The record."""


@dataclass(frozen=True)
class Verification:
    """What a check of the own log found: chain, signed heads and receipts."""

    records: int
    """How many records it has."""
    covered: int
    """How many of them are under a signed head."""
    head: str | None
    """The newest signed head."""
    details: dict[str, Any] = field(repr=False)
    """All that the check told."""


@dataclass(frozen=True)
class _Token:
    """An access token, and when the next one is made."""

    secret: str = field(repr=False)
    renew_at: float = field(repr=False)


class _Session:
    """What has to be given back: the access tokens of this session, and its hold on the connector."""

    def __init__(self, config: Path, hold: ConnectorHold) -> None:
        self.config = config
        self.hold = hold
        self.process = os.getpid()
        self.tokens: list[str] = []
        self.after: Callable[[], None] | None = None

    def close(self) -> None:
        if self.process != os.getpid():
            # A copy of the process that ends (os.fork): the session is that of the other one.
            return
        tokens, self.tokens = self.tokens, []
        for token in tokens:
            done = command.run(["token", "revoke", "--", token], config=self.config)
            if done.status:
                told = done.errors[-1] if done.errors else f"status {done.status}"
                warnings.warn(f"the access token {token} is not revoked: {told}", HansaWarning, stacklevel=2)
        self.hold.release()
        after, self.after = self.after, None
        if after is not None:
            after()


class Participant:
    """A participant whose folder is here, and its running connector.

    `connect` makes one. It is a context manager: at its end it revokes its access tokens and lets go of the connector, which ends
    if it was started by Python and no other session uses it.
    """

    id: str
    """Its identity: its domain."""
    folder: Path
    """The folder of its configuration."""
    purpose: str | None
    """The purpose of questions that name none."""

    def __init__(
        self,
        described: Mapping[str, Any],
        *,
        purpose: str | None,
        person: str | None,
        listen: str | None,
    ) -> None:
        """Of what `hansa config show` tells. Use `connect`."""
        self._config = Path(described["file"]).absolute()
        self.folder = self._config.parent
        self.id = described["participant"].removeprefix("hansa://")
        keys = {key["key"]: _configured(key["value"]) for key in described["keys"] if key["value"] is not None}
        self.purpose = purpose or keys.get("ask.purpose")
        self._person = person or _person()
        own = "clients.listen" in keys
        hold = ConnectorHold(self._config, self.folder / described["state"], None if own else listen)
        self._session = _Session(self._config, hold)
        self._lock = threading.Lock()
        self._tokens: dict[str | None, _Token] = {}
        self._target = hold.acquire()
        self._end = weakref.finalize(self, self._session.close)

    # Questions

    def sql(
        self,
        text: str,
        parameters: Sequence[Any] | None = None,
        *,
        purpose: str | None = None,
    ) -> Answer:
        """Asks a question, over one participant or several.

        Tables are ``participant.dataset``; ``model.NAME`` asks all participants that have a dataset of this model.

        Args:
            text: The statement.
            parameters: Values for its places, ``?`` or ``$1``. Each becomes one literal of the text that travels.
            purpose: What for; absent: the purpose of the session. An empty text states none.

        Raises:
            Refused: A contract does not permit it, or there is no contract.
            UsageError: It is no statement that is understood.
            OutOfReach: A participant that is needed can't be reached.
        """
        connection = self.adbc(purpose=purpose)
        cursor = None
        try:
            cursor = connection.cursor()
            cursor.execute(text, list(parameters) if parameters is not None else None)
            return Answer(cursor.fetch_record_batch(), _closing(cursor, connection))
        except adbc_driver_manager.Error as error:
            _closing(cursor, connection)()
            raise of_driver(error) from error
        except BaseException:
            _closing(cursor, connection)()
            raise

    def adbc(self, *, purpose: str | None = None) -> adbc_driver_manager.dbapi.Connection:
        """A connection of ADBC to this connector, for programs that take one: pandas, Polars, DuckDB, Ibis.

        Args:
            purpose: What its questions are for; absent: the purpose of the session. An empty text states none.
        """
        target = self._target
        purpose = self._stated(purpose)
        options = {"adbc.flight.sql.authorization_header": f"Bearer {self._token(purpose)}"}
        if target.get("root_certificate"):
            options["adbc.flight.sql.client_option.tls_root_certs"] = Path(target["root_certificate"]).read_text("ascii")
        if target.get("name"):
            options["adbc.flight.sql.client_option.tls_override_hostname"] = target["name"]
        if purpose is not None:
            options[f"adbc.flight.sql.rpc.call_header.{target['purpose_header']}"] = purpose
        try:
            return flight_sql.connect(target["uri"], db_kwargs=options, autocommit=True)
        except adbc_driver_manager.Error as error:
            raise of_driver(error) from error

    def _stated(self, purpose: str | None) -> str | None:
        return (self.purpose if purpose is None else purpose) or None

    def _token(self, purpose: str | None) -> str:
        """The access token of this session for a purpose; it is made when it is needed first, and lies in no file."""
        with self._lock:
            if not self._end.alive:
                raise HansaError("CLIENT_CLOSED", "the session is closed", help=["hansa.connect opens another one"])
            known = self._tokens.get(purpose)
            if known is None or time.monotonic() > known.renew_at:
                renew_at = time.monotonic() + TOKEN_SECONDS
                told = self._run("token", "create", *_option("purpose", purpose), f"--days={TOKEN_DAYS}", "--", self._person).one()
                self._session.tokens.append(told["token"])
                known = self._tokens[purpose] = _Token(told["access_token"], renew_at)
            return known.secret

    def catalog(self, participant: str | None = None, *, purpose: str | None = None) -> Catalog:
        """What others show: datasets that may be asked for now, and those that are offered.

        Args:
            participant: One participant only; it may be a member of the league that was never asked before.
            purpose: For which purpose; absent: that of the session.

        A participant that can't be reached is missing; it is warned of and named in `Catalog.missing`. Of one that was named,
        the error is raised.
        """
        told = self._run("catalog", "list", "--", *([participant] if participant else []))
        if participant is not None:
            told.checked()
        for error in told.errors:
            warnings.warn(f"the catalogue lacks {error.participant}: {error}", HansaWarning, stacklevel=2)
        try:
            tables = self._tables(purpose)
        except UsageError as error:
            # A purpose that comes with a contract is known when the contract is there. Until then there are public views.
            if error.code != "PURPOSE_UNKNOWN":
                raise
            tables = self._tables(NO_PURPOSE)
        return Catalog(
            datasets=tuple(Dataset.of_json(dataset, tables.get(dataset["name"], ())) for dataset in told.objects),
            models={name.removeprefix("model."): columns for name, columns in tables.items() if name.startswith("model.")},
            missing=told.errors,
        )

    def _tables(self, purpose: str | None) -> dict[str, tuple[str, ...]]:
        """The relations that may be asked for now, each with its columns."""
        with self.adbc(purpose=purpose) as connection:
            try:
                tree = connection.adbc_get_objects().read_all().to_pylist()
            except (adbc_driver_manager.Error, OSError) as error:
                raise of_driver(error) from error
        return {
            f"{owner['db_schema_name']}.{table['table_name']}": tuple(
                column["column_name"] for column in table["table_columns"] or ()
            )
            for catalog in tree
            for owner in catalog["catalog_db_schemas"] or ()
            for table in owner["db_schema_tables"] or ()
        }

    def explain(self, text: str, *, purpose: str | None = None) -> dict[str, Any]:
        """What a question would send to whom, under which contract; nothing is asked.

        Args:
            text: The statement, without places for parameters.
            purpose: What for; absent: the purpose of the session. An empty text states none.
        """
        return self._run("explain", *_option("purpose", self._stated(purpose)), "--", text).one()

    # Contracts

    def request_contract(
        self,
        dataset: Dataset | str,
        *,
        offer: Offer | str | None = None,
        sign: bool = False,
        wait: float | None = None,
    ) -> Negotiation:
        """Requests a contract for a dataset.

        Args:
            dataset: The dataset, or its name: ``participant.dataset``.
            offer: The offer whose clauses were read, or which of several: its title, or the beginning of its identity. One that has
                changed since has another identity, and is refused.
            sign: Sign beforehand, for exactly these clauses.
            wait: So many seconds it is waited for the signature of the other side.
        """
        name = dataset.name if isinstance(dataset, Dataset) else dataset
        chosen = _option("offer", offer.offer if isinstance(offer, Offer) else offer)
        signed = ["--sign"] if sign else []
        asked = _negotiation(self._run("contract", "request", *chosen, *signed, "--", name).one())
        if wait is not None and not asked.in_force:
            return self.wait(asked, seconds=wait)
        return asked

    def sign(self, contract: Negotiation | str) -> Negotiation:
        """Does the signing step that is due: as a consumer or as a provider.

        Args:
            contract: The negotiation, or its dataset.
        """
        return _negotiation(self._run("contract", "sign", "--", _named(contract)).one())

    def decline(self, contract: Negotiation | str, reason: str) -> Negotiation:
        """Declines a negotiation."""
        return _negotiation(self._run("contract", "decline", *_option("reason", reason), "--", _named(contract)).one())

    def wait(self, contract: Negotiation | str, *, seconds: float) -> Negotiation:
        """Waits until a negotiation has ended, or it is the turn of this side.

        Args:
            contract: The negotiation, or its dataset.
            seconds: So long at most.

        Raises:
            Refused: It was ended without a contract.
            HansaError: The time is over, with the code ``TIMED_OUT``.
        """
        return _negotiation(self._run("contract", "wait", "--", _named(contract), timeout=seconds).one())

    def contracts(self) -> tuple[Contract, ...]:
        """The contracts of this participant, those that ended, too."""
        told = self._run("contract", "list").checked()
        return tuple(_contract(one) for one in told if "contract" in one)

    def negotiations(self) -> tuple[Negotiation, ...]:
        """What is being negotiated."""
        told = self._run("contract", "list").checked()
        return tuple(_negotiation(one) for one in told if "negotiation" in one)

    def contract(self, contract: Contract | str) -> dict[str, Any]:
        """One contract: clauses, both signatures and their check, what was used of its limits.

        Args:
            contract: The contract, the beginning of its identity, or its dataset.
        """
        return self._run("contract", "show", "--", _named(contract)).one()

    def withdraw(self, contract: Contract | str, reason: str, *, yes: bool = False) -> None:
        """Ends a contract for good; questions under it that run are cut.

        Args:
            contract: The contract, the beginning of its identity, or its dataset.
            reason: Why; the other side reads it.
            yes: It is meant. Without it nothing is done.

        Raises:
            ConfirmationNeeded: Without `yes`.
        """
        self._run(*(["--yes"] if yes else []), "contract", "withdraw", *_option("reason", reason), "--", _named(contract)).checked()

    # Evidence

    def receipts(
        self, *, participant: str | None = None, contract: Contract | str | None = None, last: int = 100
    ) -> tuple[Receipt, ...]:
        """The answers that came, with the receipts that both sides have signed, the newest last.

        Args:
            participant: From this one only.
            contract: Under this contract only.
            last: So many at most, the newest.
        """
        chosen = [*_option("participant", participant), *_option("contract", None if contract is None else _named(contract))]
        told = self._run("audit", "list", "--outcome=received", f"--last={last}", *chosen).checked()
        return tuple(_receipt(record) for record in told)

    def verify(self, file: str | os.PathLike[str] | None = None) -> Verification:
        """Checks the own log, or an exported one: the chain of its records, the signed heads, what others have seen of it.

        Args:
            file: A copied log or an exported bundle; absent: the own log.

        Raises:
            EvidenceError: It does not verify.
        """
        told = self._run("audit", "verify", "--", *([os.fspath(file)] if file is not None else [])).one()
        if told.get("good") is not True:
            raise EvidenceError("CLIENT_NOT_VERIFIED", f"the log does not verify: {told.get('fault')}")
        return Verification(told["records"], told["covered"], told.get("head"), told)

    def export(self, file: str | os.PathLike[str], *, contract: Contract | str | None = None) -> Path:
        """Writes records and receipts as a bundle that `hansa-verify` checks on any machine.

        Args:
            file: Where to.
            contract: Those of this contract only.
        """
        chosen = _option("contract", None if contract is None else _named(contract))
        self._run("audit", "export", f"--output={Path(file).absolute()}", *chosen).checked()
        return Path(file)

    # Peers

    def peers(self) -> tuple[dict[str, Any], ...]:
        """The participants that this one talks to: alias in SQL, identity, address."""
        return self._run("peer", "list").checked()

    def add_peer(self, address: str, *, id: str | None = None, alias: str | None = None) -> dict[str, Any]:
        """Adds a participant by its address, or a member of the league by its identity.

        Args:
            address: ``host:port``, or the identity of a member whose address the league has.
            id: Its identity; absent: the host.
            alias: Its alias in SQL; absent: the first label of its domain.
        """
        return self._run("peer", "add", *_option("id", id), *_option("alias", alias), "--", address).one()

    def status(self) -> dict[str, Any]:
        """What waits for a person, then datasets, contracts, peers and log."""
        return self._run("status").one()

    def run(self, *args: str, timeout: float | None = None) -> tuple[dict[str, Any], ...]:
        """Any other command of `hansa` for this participant: what it tells as JSON.

        Args:
            args: The command and its arguments, such as ``"audit", "list", "--last", "20"``.
            timeout: Seconds after which it gives up.

        Raises:
            HansaError: It failed.
        """
        return self._run(*args, timeout=timeout).checked()

    def _run(self, *args: str, timeout: float | None = None) -> command.CommandOutcome:
        return command.run(args, config=self._config, timeout=timeout)

    # Its end

    @property
    def closed(self) -> bool:
        """Whether the session is over."""
        return not self._end.alive

    def close(self) -> None:
        """Revokes the access tokens of this session, and lets go of the connector."""
        with self._lock:
            self._end()

    def __enter__(self) -> Participant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<hansa.Participant {self.id} in {self.folder}{', closed' if self.closed else ''}>"


def connect(
    folder: str | os.PathLike[str] | None = None,
    purpose: str | None = None,
    *,
    person: str | None = None,
    listen: str = "127.0.0.1:0",
) -> Participant:
    """Opens the participant in a folder, with its connector: the one that runs, or one that is started for this session.

    Args:
        folder: The folder with `hansa.toml`, or that file; absent: where the command line finds it.
        purpose: What questions are for that name no purpose; absent: that of ``[ask]`` in the configuration.
        person: Who asks, as the house knows the person; absent: the user of this machine. The log holds a pseudonym.
        listen: Where a connector that is started here answers programs, if its configuration names no address.

    Raises:
        InvalidData: There is no participant, or its configuration is not as it should be.
    """
    config = None if folder is None else Path(folder)
    described = command.run(["config", "show"], config=config).one()
    return Participant(described, purpose=purpose, person=person, listen=listen)


def _configured(value: str) -> str:
    """A value of the configuration: what stands in the file is quoted, what a variable of the environment says is not."""
    quote = value[:1]
    if quote not in {'"', "'"}:
        return value
    return str(json.loads(value)) if quote == '"' else value.strip(quote)


def _person() -> str:
    name = getpass.getuser()
    # A number would name a Unix user.
    return f"user {name}" if name.isdecimal() else name


def _option(name: str, value: str | None) -> list[str]:
    return [] if value is None else [f"--{name}={value}"]


def _named(what: Contract | Negotiation | str) -> str:
    match what:
        case Contract():
            return what.contract
        case Negotiation():
            return what.negotiation
        case _:
            return what


def _negotiation(told: dict[str, Any]) -> Negotiation:
    return Negotiation(
        negotiation=told["negotiation"],
        dataset=told["dataset"],
        participant=told["participant"],
        state=told["state"],
        turn=told.get("turn") or None,
        contract=told.get("would_become"),
        reason=told.get("reason"),
        details=told,
    )


def _contract(told: dict[str, Any]) -> Contract:
    return Contract(
        contract=told["contract"],
        dataset=told["dataset"],
        provider=told["provider"],
        consumer=told.get("consumer"),
        state=told["state"],
        kind=told["kind"],
        not_before=told["not_before"],
        not_after=told["not_after"],
        terms=terms(told["terms"]),
        details=told,
    )


def _receipt(record: dict[str, Any]) -> Receipt:
    body = record["body"]
    return Receipt(
        at=record["t"],
        participant=body["peer"].removeprefix("hansa://"),
        rows=body.get("rows"),
        bytes=body.get("bytes"),
        outcome=body.get("outcome"),
        receipt=body.get("receipt"),
        record=record["seq"],
        details=record,
    )


def _closing(
    cursor: adbc_driver_manager.dbapi.Cursor | None, connection: adbc_driver_manager.dbapi.Connection
) -> Callable[[], None]:
    def close() -> None:
        try:
            if cursor is not None:
                cursor.close()
        finally:
            connection.close()

    return close
