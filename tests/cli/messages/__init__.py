"""The messages that users meet, what they mean and what helps: the content of docs/bad-input.md.

A module holds the entries of one section. `test_message_reference.py` runs every code block of an
entry as it is written: `given` causes the message, `fix` mends what is wrong. Commands that train
get `--epochs 1` for the tests.
"""

from messages import (
    codes,
    containers,
    factors,
    machine,
    options,
    pictures,
    runs,
    shared,
    tables,
    warnings,
)
from messages.entry import Entry, is_shell

SECTIONS = (pictures, tables, containers, factors, codes, options, runs, shared, machine, warnings)
ENTRIES = [entry for section in SECTIONS for entry in section.entry.entries]
__all__ = ["ENTRIES", "Entry", "is_shell"]
