"""What can go wrong, as exceptions that carry the code, the clause and what would help."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = [
    "ConfirmationNeeded",
    "EvidenceError",
    "HansaError",
    "HansaWarning",
    "InvalidData",
    "NotIdentified",
    "OutOfReach",
    "Refused",
    "UsageError",
]


class HansaWarning(UserWarning):
    """Something that a connector found unwise or wrong, and that refuses nothing."""


class HansaError(Exception):
    """An error that a connector told.

    `hansa error CODE` prints the long form of a code.
    """

    code: str
    """Stable code, such as ``AGGREGATE_ONLY``."""
    sentence: str
    """What was refused or failed."""
    participant: str | None
    """The participant that refused it, where it was another one."""
    contract: str | None
    """The contract under which it was refused; a prefix of its identity is enough for all commands."""
    clause: str | None
    """The clause of the contract."""
    allowed: str | None
    """What the clause allows instead."""
    help: tuple[str, ...]
    """What would help."""
    file: str | None
    """The file in which something is wrong."""
    line: int | None
    """The line in that file."""
    key: str | None
    """The key in that file."""

    def __init__(
        self,
        code: str,
        sentence: str,
        *,
        participant: str | None = None,
        contract: str | None = None,
        clause: str | None = None,
        allowed: str | None = None,
        help: Iterable[str] = (),
        file: str | None = None,
        line: int | None = None,
        key: str | None = None,
    ) -> None:
        """Of a code and a sentence, and what else is known."""
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence
        self.participant = participant
        self.contract = contract
        self.clause = clause
        self.allowed = allowed
        self.help = tuple(help)
        self.file = file
        self.line = line
        self.key = key

    def __str__(self) -> str:
        who = f"{self.participant}: " if self.participant else ""
        lines = [f"{self.code}: {who}{self.sentence}"]
        under = [f"contract {self.contract}"] if self.contract else []
        under += [f"clause {self.clause}"] if self.clause else []
        if under or self.allowed:
            allowed = f": {self.allowed}" if self.allowed else ""
            lines.append(f"{' '.join(under) or 'allowed'}{allowed}")
        if self.file:
            line = f":{self.line}" if self.line else ""
            key = f" ({self.key})" if self.key else ""
            lines.append(f"where: {self.file}{line}{key}")
        lines += [f"help: {text}" for text in self.help]
        return "\n  ".join(lines)


class Refused(HansaError):
    """A contract, a policy or a limit does not permit it, or nothing by that name is there for this participant."""


class ConfirmationNeeded(HansaError):
    """A person has to say yes to this: read the sentence, then repeat the call as its help says."""


class UsageError(HansaError):
    """The call or the statement is not as it should be."""


class NotIdentified(HansaError):
    """Who asks could not be identified, or is no member any more."""


class OutOfReach(HansaError):
    """A participant or a source can't be reached, or the answer would lack one."""


class InvalidData(HansaError):
    """Data, configuration or keys are not valid."""


class EvidenceError(HansaError):
    """Records, receipts or signatures do not verify."""


_BY_EXIT: dict[int, type[HansaError]] = {
    2: UsageError,
    3: Refused,
    4: NotIdentified,
    5: OutOfReach,
    6: InvalidData,
    7: EvidenceError,
}

_BY_STATUS: dict[str, type[HansaError]] = {
    "InvalidArgument": UsageError,
    "PermissionDenied": Refused,
    "NotFound": Refused,
    "FailedPrecondition": Refused,
    "ResourceExhausted": Refused,
    "Unauthenticated": NotIdentified,
    "Unavailable": OutOfReach,
    "DataLoss": EvidenceError,
}


def of_json(error: Mapping[str, Any]) -> HansaError:
    """The exception of an error that a command told with ``--json``."""
    code = error["code"]
    kind = _BY_EXIT.get(error.get("exit", 1), HansaError)
    if code == "CONFIRMATION_NEEDED":
        kind = ConfirmationNeeded
    participant = error.get("participant")
    return kind(
        code,
        error["sentence"],
        participant=participant.removeprefix("hansa://") if participant else None,
        contract=error.get("contract"),
        clause=error.get("clause"),
        allowed=error.get("allowed"),
        help=error.get("help") or (),
        file=error.get("file"),
        line=error.get("line"),
        key=error.get("key"),
    )


_TOLD = re.compile(r"\b(?P<code>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*): (?P<rest>.*)", re.DOTALL)
_STATUS = re.compile(r"\s*\((?P<status>[A-Z][A-Za-z]+); [A-Za-z]+\)\s*$")
_PARTICIPANT = re.compile(r"(?P<participant>[a-z0-9-]+(?:\.[a-z0-9-]+)+): ")
_UNDER = re.compile(r"^(?:contract (?P<contract>\S+))?(?: ?clause (?P<clause>[^\s:]+))?(?:: (?P<allowed>.*))?$")


def of_flight(text: str, status: str | None = None) -> HansaError:
    """The exception of an error that a driver of Flight SQL told, by its message."""
    found = _STATUS.search(text)
    if found:
        status, text = found["status"], text[: found.start()]
    # A driver puts the name of its own status before what the connector said.
    _, mark, said = text.rpartition("[FlightSQL] ")
    told = _TOLD.match(said) if mark else None
    if told is None:
        kind = _BY_STATUS.get(status or "", HansaError)
        return kind("CLIENT_FAILED", text.strip())
    lines = told["rest"].split("\n  ")
    members: dict[str, Any] = {}
    help_lines: list[str] = []
    who = _PARTICIPANT.match(lines[0])
    if who:
        members["participant"] = who["participant"]
    sentence = lines[0][who.end() if who else 0 :].strip()
    for line in lines[1:]:
        line = line.strip()
        under = _UNDER.match(line)
        if line.startswith("help: "):
            help_lines.append(line.removeprefix("help: "))
        elif under and (under["contract"] or under["clause"]):
            members.update({key: value for key, value in under.groupdict().items() if value})
        else:
            sentence += f"\n{line}"
    kind = _BY_STATUS.get(status or "", HansaError)
    return kind(told["code"], sentence, help=help_lines, **members)
