"""The people the phone knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contact:
    """A name and a number."""

    name: str
    number: str


CONTACTS = (
    Contact("Ada Lovelace", "5550100"),
    Contact("Alan Turing", "5550101"),
    Contact("Edsger Dijkstra", "5550102"),
    Contact("Grace Hopper", "5550103"),
    Contact("Katherine Johnson", "5550104"),
    Contact("Margaret Hamilton", "5550105"),
)


def display_name(number: str) -> str:
    """Return the name that belongs to a number, or the number."""
    return next((contact.name for contact in CONTACTS if contact.number == number), number)
