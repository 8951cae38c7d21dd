"""Field encryption: values bound to their place, searched blindly, rotated and shredded by their keys.

No cipher, mode or key derivation is put together here: every primitive is pyca's, and the construction over them has
had no outside review. What it protects against, and what not, is said in ``docs/explanation/threat-model.md``; formats
are in ``docs/reference/formats.md``.
"""

from . import hazmat
from ._boxes._audit import acting
from ._boxes._box import Box
from ._boxes._columns import ColumnOutcome, Failure, OnError
from ._boxes._guarded import GuardedBox
from ._boxes._keyring import Keyring, KeyringStatus, KeyStatus
from ._boxes._sensitive import Sensitive
from ._boxes._shred import ErasureReceipt
from ._fields._field import Field
from ._fields._index import Index, IndexKind, IndexTerm
from ._fields._leak import AcceptedLeak
from ._fields._plan import IndexPlan
from ._files import open_file, seal_file
from ._keys._aws import AWSKeyWrapper
from ._keys._keyset import KeyState, Purpose
from ._keys._local_key_file import LocalKeyFile
from ._keys._secret import SecretKey
from ._keys._wrappers import MultiWrapper
from ._octets._record_id import RecordId, RecordType
from ._octets._token import TokenInfo, inspect
from ._rotation._readers import Reader, from_fernet, from_plaintext, from_sqlalchemy_utils
from ._rotation._rotator import Rotator
from ._rotation._table import Checkpoint, Rewrite, RotationReport, StoredToken, TokenCount, TokenTable
from ._rotation._table_sqlite import SQLiteTokenTable
from ._sqlalchemy._sealed import Sealed, candidates, encrypted_type
from ._sqlalchemy._tables import SQLAlchemySubjectStore, SQLAlchemyTokenTable
from ._values._row_seal import RowSeal
from ._values._subject_sqlite import SQLiteSubjectStore
from ._values._subjects import SubjectRow, SubjectStore

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
