"""Records and the plain table that holds many of them.

`RecordSet` is what file readers return and what reports fall back to: columns of Python objects, immutable, without
any frame library.  `Contact` and its kin are for the few records that a person looks at; bulk work goes by column.
"""

from __future__ import annotations

from ._kinds import Account, Activity, Contact, Deal, Lead, RecordRef
from ._note import Note
from ._recordset import RecordSet

__all__ = ["Account", "Activity", "Contact", "Deal", "Lead", "Note", "RecordRef", "RecordSet"]
