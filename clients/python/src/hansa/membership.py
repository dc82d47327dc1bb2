"""Becoming a participant: keys and request, and what the league sends back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hansa import command

__all__ = ["Applicant", "Membership", "init", "join"]


@dataclass(frozen=True)
class Applicant:
    """A participant that no league has admitted yet."""

    folder: Path
    """The folder with its configuration and keys."""
    participant: str
    """Its identity: its domain."""
    request: Path
    """The file for whoever runs the league; by mail, for example. It holds public keys, and no secret."""
    fingerprint: str
    """The fingerprint of its keys: read it to the operator of the league, who compares it."""


@dataclass(frozen=True)
class Membership:
    """A participant that a league has admitted."""

    participant: str
    """Its identity: its domain."""
    league: str
    """The name of the league."""
    fingerprint: str
    """The fingerprint of the league."""
    valid_until: str
    """The last instant of the certificate; the request can be sent again before it."""


def init(
    folder: str | os.PathLike[str],
    *,
    id: str,
    name: str,
    zone: str = "UTC",
    league: str | os.PathLike[str] | None = None,
    fingerprint: str | None = None,
) -> Applicant:
    """Makes a participant that asks: its folder, its keys, and the request for its league. The keys never leave the folder.

    Args:
        folder: The folder to make.
        id: Its identity: a domain of the firm.
        name: Its name for people.
        zone: The time zone of its civil times, such as ``Europe/Berlin``.
        league: The file of the league, where it was handed out beforehand.
        fingerprint: The fingerprint of that league, as its operator reads it to you.

    Raises:
        HansaError: The folder holds a participant already, or something does not fit.
        ConfirmationNeeded: With `league` and without `fingerprint`; the sentence shows it.
    """
    options = [f"--id={id}", f"--name={name}", f"--zone={zone}"]
    if league is not None:
        options.append(f"--league={os.fspath(league)}")
    if fingerprint is not None:
        options.append(f"--fingerprint={fingerprint}")
    told = command.run(["init", *options, "--", os.fspath(folder)]).one()
    return Applicant(
        folder=Path(folder),
        participant=told["participant"].removeprefix("hansa://"),
        request=Path(told["request"]),
        fingerprint=told["fingerprint"],
    )


def join(
    folder: str | os.PathLike[str],
    file: str | os.PathLike[str],
    *,
    fingerprint: str | None = None,
) -> Membership:
    """Installs what the league sent back: the certificate, and the signed list of its members.

    Args:
        folder: The folder of the participant.
        file: The file that ends with ``.join``.
        fingerprint: The fingerprint of the league, as its operator reads it to you, by telephone or from a page that you trust. A
            file of another league is refused.

    Raises:
        ConfirmationNeeded: Without `fingerprint`, where the participant joins for the first time; the sentence shows it.
        NotIdentified: The file is of another league, or for somebody else.
    """
    options = [] if fingerprint is None else [f"--fingerprint={fingerprint}"]
    told = command.run(["join", *options, "--", os.fspath(file)], config=Path(folder)).one()
    return Membership(
        participant=told["participant"].removeprefix("hansa://"),
        league=told["league"],
        fingerprint=told["fingerprint"],
        valid_until=told["valid_until"],
    )
