"""Hansa for Python: governed data frames over the data of several cities.

The package carries the connector `hansa` and speaks with it on this machine; the keys stay in the folder of the participant.

>>> import hansa
>>> with hansa.connect("acme", purpose="traffic-planning") as acme:
...     frame = acme.sql("SELECT site, sum(bikes) AS bikes FROM lindau.bikes GROUP BY site").pandas()
"""

from __future__ import annotations

from hansa.answer import Answer, Reading
from hansa.catalog import Catalog, Column, Dataset, Offer, Term
from hansa.demonstration import demo
from hansa.errors import (
    ConfirmationNeeded,
    EvidenceError,
    HansaError,
    HansaWarning,
    InvalidData,
    NotIdentified,
    OutOfReach,
    Refused,
    UsageError,
)
from hansa.membership import Applicant, Membership, init, join
from hansa.participant import Contract, Negotiation, Participant, Receipt, Verification, connect

__all__ = [
    "Answer",
    "Applicant",
    "Catalog",
    "Column",
    "ConfirmationNeeded",
    "Contract",
    "Dataset",
    "EvidenceError",
    "HansaError",
    "HansaWarning",
    "InvalidData",
    "Membership",
    "Negotiation",
    "NotIdentified",
    "Offer",
    "OutOfReach",
    "Participant",
    "Reading",
    "Receipt",
    "Refused",
    "Term",
    "UsageError",
    "Verification",
    "connect",
    "demo",
    "init",
    "join",
]
