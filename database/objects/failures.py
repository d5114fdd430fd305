"""What obstore raises, as errors of ours: in plain words, without addresses that are signed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from database.errors import DatabaseError, ObjectGone, ObjectRefused, ObjectsUnreachable
from database.objects.address import Address

_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
"""How a server of S3 names an error."""
_STATUS = re.compile(r"\b([45]\d\d) [A-Z][a-z]")
_KEY = re.compile(r'Path "(.{1,200}?)" contained')
"""How obstore names a key that it cannot have."""
_AS_BUILTINS = (FileNotFoundError, PermissionError, ValueError)
"""What obstore raises instead of errors of its own."""
_ROLES = "//169.254."
"""Where machines of AWS are asked for keys by who has none; what that answers is of no bucket."""
_NO_KEYS = re.compile(
    rf"Missing(AccessKeyId|SecretAccessKey)|{re.escape(_ROLES)}|credential", re.IGNORECASE
)
_NO_BUCKET = ("NoSuchBucket", "InvalidBucketName")


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Errors of obstore in the block, as those of an object, or of the objects in a bucket. Raises
    ObjectGone, ObjectRefused, ObjectsUnreachable."""
    from obstore import exceptions

    try:
        yield
    except (exceptions.BaseError, *_AS_BUILTINS) as error:
        raise _translated(error, address) from None


def _translated(error: Exception, address: Address) -> DatabaseError:
    from obstore import exceptions

    text = str(error)
    found = _CODE.search(text)
    code = found[1] if found else ""
    if code in _NO_BUCKET:
        return ObjectsUnreachable(f"there is no bucket {address.origin}")
    if isinstance(error, exceptions.PreconditionError):
        return ObjectGone(f"{address} was written anew")
    if isinstance(error, FileNotFoundError | exceptions.NotFoundError):
        return ObjectGone(f"there is no {address}")
    refusals = (
        PermissionError,
        exceptions.PermissionDeniedError,
        exceptions.UnauthenticatedError,
    )
    status = None if _ROLES in text else _STATUS.search(text)
    if isinstance(error, refusals) or (status and status[1] in ("401", "403")):
        return _refused(address, code)
    if isinstance(error, ValueError | exceptions.InvalidPathError) or _KEY.search(text):
        named = key[1] if (key := _KEY.search(text)) else address.key
        return ObjectRefused(
            f"{address.origin}: the key {named!r} has empty parts, or dots for parts, and cannot "
            "be read: copy it to another one, and remove it, or name other folders"
        )
    return _unreachable(address, text, code)


def _refused(address: Address, code: str) -> ObjectRefused:
    told = f" ({code})" if code else ""
    return ObjectRefused(
        f"{address} may not be read with these keys{told}: see to AWS_ACCESS_KEY_ID and what its "
        "owner may do (docs/ingest.md, Buckets)"
    )


def _unreachable(address: Address, text: str, code: str) -> ObjectsUnreachable:
    if _NO_KEYS.search(text):
        return ObjectsUnreachable(
            f"{address.origin}: there are no keys for it: set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY in the environment (docs/ingest.md, Buckets)"
        )
    status = _STATUS.search(text)
    told = code or (f"HTTP {status[1]}" if status else "no connection")
    return ObjectsUnreachable(
        f"{address.origin} does not answer ({told}): see to AWS_ENDPOINT_URL, AWS_REGION and the "
        "server, and run again"
    )
