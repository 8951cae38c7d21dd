"""Every public exception and warning.

.. code-block:: text

    CrmkitError(Exception)
      InvalidValueError(ValueError)       .issues: tuple[Issue, ...]
      SchemaError(ValueError)             a column or field is absent or of the wrong kind
      ShapeError(ValueError)              .expected .actual
      FormatError(ValueError)             a file or stored document that cannot be read; .location
      NotFoundError(LookupError)          unknown role, key id, field, rule, format version; .name .suggestion
      NotFittedError(ValueError)
      CheckFailedError(ValueError)        a report was asked to raise; .report
      ConflictError                       a change cannot be applied or undone: the value is another one now; .conflicts
      LockedError(BlockingIOError)        another writer holds the file
      AccessDeniedError                   .decision
      ViewExpiredError                    permissions: a view was asked after its time; .valid_until
      NotTranslatableError(ValueError)    permissions: a condition that a database or frame cannot be asked exactly
      DecryptionError                     says nothing about why, on purpose
      TokenError(ValueError)              what a token's own header shows, before any key is used
        TokenFormatError                  not a token, or not in its one spelling
          PlaintextFoundError             not even the marker of a token: plaintext, in all likelihood
        UnsupportedTokenError             a version or suite that this release does not know
        UnknownKeyError(LookupError)      no key here made it; .key_tag
        KeyDestroyedError                 its key was destroyed; .key_tag
        SubjectShreddedError              the key of its person was destroyed; .subject
      SystemicFailureError                so many values of a column failed that it is the key, not the data
      RefusedError                        encryption, restore drills: what they must refuse; .rule
        DoubleEncryptionError             the plaintext is a token already
      KeyWrapperError                     whoever holds the wrapping key did not unwrap; .uri
        KMSUnavailableError(ConnectionError)  could not be reached; trying again may help
        KMSRefusedError(PermissionError)  said no; trying again does not help
      PolicyFileError(ValueError)         permissions: a policy that cannot be loaded; .problems
      IntegrityError                      .location
        TamperedLogError
        FixityError
        ManifestError
        KeysetRollbackError               an older keyset than the one that was expected; .generation .expected
      MissingDependencyError(ImportError) .extra
    CrmkitWarning(UserWarning)
    CrmkitDeprecationWarning(DeprecationWarning)

Classes also derive from the built-in shown, so ``except ValueError`` works. What a program needs is an attribute;
a message says what happened and what to do, and never holds a value out of a record, plaintext or key bytes.

This is the ground under everything and imports nothing else, so it can be caught from anywhere at no cost.
"""

from ._access import AccessDeniedError, NotTranslatableError, PolicyFileError, ViewExpiredError
from ._encryption import (
    DecryptionError,
    DoubleEncryptionError,
    KeyDestroyedError,
    KeyWrapperError,
    KMSRefusedError,
    KMSUnavailableError,
    PlaintextFoundError,
    RefusedError,
    SubjectShreddedError,
    SystemicFailureError,
    TokenError,
    TokenFormatError,
    UnknownKeyError,
    UnsupportedTokenError,
)
from ._root import CrmkitDeprecationWarning, CrmkitError, CrmkitWarning
from ._stored import (
    FixityError,
    FormatError,
    IntegrityError,
    KeysetRollbackError,
    LockedError,
    ManifestError,
    TamperedLogError,
)
from ._values import (
    CheckFailedError,
    ConflictError,
    InvalidValueError,
    MissingDependencyError,
    NotFittedError,
    NotFoundError,
    SchemaError,
    ShapeError,
)

__all__ = [
    "AccessDeniedError",
    "CheckFailedError",
    "ConflictError",
    "CrmkitDeprecationWarning",
    "CrmkitError",
    "CrmkitWarning",
    "DecryptionError",
    "DoubleEncryptionError",
    "FixityError",
    "FormatError",
    "IntegrityError",
    "InvalidValueError",
    "KMSRefusedError",
    "KMSUnavailableError",
    "KeyDestroyedError",
    "KeyWrapperError",
    "KeysetRollbackError",
    "LockedError",
    "ManifestError",
    "MissingDependencyError",
    "NotFittedError",
    "NotFoundError",
    "NotTranslatableError",
    "PlaintextFoundError",
    "PolicyFileError",
    "RefusedError",
    "SchemaError",
    "ShapeError",
    "SubjectShreddedError",
    "SystemicFailureError",
    "TamperedLogError",
    "TokenError",
    "TokenFormatError",
    "UnknownKeyError",
    "UnsupportedTokenError",
    "ViewExpiredError",
]

for _name in __all__:  # tracebacks and pickles name an error by the module that people import it from
    globals()[_name].__module__ = __name__
