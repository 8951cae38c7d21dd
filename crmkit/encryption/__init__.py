"""Field encryption: values bound to their place, searched blindly, rotated and shredded by their keys.

No cipher, mode or key derivation is put together here: every primitive is pyca's, and the construction over them has
had no outside review. What it protects against, and what not, is said in ``docs/explanation/threat-model.md``; formats
are in ``docs/reference/formats.md``.
"""

from . import hazmat
from ._audit import acting
from ._aws import AWSKeyWrapper
from ._box import Box
from ._columns import ColumnOutcome, Failure, OnError
from ._field import Field
from ._files import open_file, seal_file
from ._guarded import GuardedBox
from ._index import Index, IndexKind, IndexTerm
from ._index_plan import IndexPlan
from ._keyring import Keyring, KeyringStatus, KeyStatus
from ._keyset import KeyState, Purpose
from ._leak import AcceptedLeak
from ._local_key_file import LocalKeyFile
from ._readers import Reader, from_fernet, from_plaintext, from_sqlalchemy_utils
from ._record_id import RecordId, RecordType
from ._rotation import Checkpoint, Rewrite, RotationReport, StoredToken, TokenCount, TokenTable
from ._rotator import Rotator
from ._row_seal import RowSeal
from ._sealed import Sealed, candidates, encrypted_type
from ._secret import SecretKey
from ._sensitive import Sensitive
from ._shred import ErasureReceipt
from ._sqlalchemy_tables import SQLAlchemySubjectStore, SQLAlchemyTokenTable
from ._subject_sqlite import SQLiteSubjectStore
from ._subjects import SubjectRow, SubjectStore
from ._table_sqlite import SQLiteTokenTable
from ._token import TokenInfo, inspect
from ._wrappers import MultiWrapper

__all__ = [
    "AWSKeyWrapper",
    "AcceptedLeak",
    "Box",
    "Checkpoint",
    "ColumnOutcome",
    "ErasureReceipt",
    "Failure",
    "Field",
    "GuardedBox",
    "Index",
    "IndexKind",
    "IndexPlan",
    "IndexTerm",
    "KeyState",
    "KeyStatus",
    "Keyring",
    "KeyringStatus",
    "LocalKeyFile",
    "MultiWrapper",
    "OnError",
    "Purpose",
    "Reader",
    "RecordId",
    "RecordType",
    "Rewrite",
    "RotationReport",
    "Rotator",
    "RowSeal",
    "SQLAlchemySubjectStore",
    "SQLAlchemyTokenTable",
    "SQLiteSubjectStore",
    "SQLiteTokenTable",
    "Sealed",
    "SecretKey",
    "Sensitive",
    "StoredToken",
    "SubjectRow",
    "SubjectStore",
    "TokenCount",
    "TokenInfo",
    "TokenTable",
    "acting",
    "candidates",
    "encrypted_type",
    "from_fernet",
    "from_plaintext",
    "from_sqlalchemy_utils",
    "hazmat",
    "inspect",
    "open_file",
    "seal_file",
]
