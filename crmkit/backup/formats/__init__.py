"""Other people's manifests: BagIt, checksum files, PostgreSQL's backup manifests, DSSE envelopes.

Each is read strictly and verified like crmkit's own: every fault in its class, and what was not checked is said.
"""

from ._bagit import verify_bag, write_bag
from ._crc32c import crc32c
from ._dsse import read_dsse
from ._pgmanifest import verify_postgres_backup
from ._sums import Checksum, read_sums, verify_sums, write_sums

__all__ = [
    "Checksum",
    "crc32c",
    "read_dsse",
    "read_sums",
    "verify_bag",
    "verify_postgres_backup",
    "verify_sums",
    "write_bag",
    "write_sums",
]
