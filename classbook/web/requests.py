"""What a request carries beside its body: the key that makes it safe to repeat, the version it expects."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Query

from classbook.errors import Invalid
from classbook.values import RequestKey

if TYPE_CHECKING:
    from classbook.web.bodies import Body
    from classbook.web.visit import Visit

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=256, description="`next` of the page before.")]
"""How a list that grows is asked for."""

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,128}")
_VERSION: Final = re.compile(rb'(?:W/)?"([0-9]{1,18})"')


def request_key(visit: Visit, path: str, body: Body) -> RequestKey | None:
    """The key in Idempotency-Key, with a digest of what is asked. Raises Invalid where it is no key.

    The digest is of the body as understood, so that blanks and the order of fields make no difference. It is keyed,
    because a body may have a password, and nobody is to find that by trying what has the same digest.
    """
    given = visit.headers.get(b"idempotency-key")
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        raise Invalid("Idempotency-Key must be 1 to 128 visible ASCII characters.")
    asked = f"POST {path} {body.model_dump_json(exclude_unset=True)}"
    return RequestKey(given.decode("ascii"), hmac.new(visit.web.app.key, asked.encode(), hashlib.sha256).hexdigest())


def expected_version(visit: Visit) -> int | None:
    """The version in If-Match, None where any will do. Raises Invalid where it is none of ours."""
    given = visit.headers.get(b"if-match", b"*").strip()
    if given == b"*":
        return None
    found = _VERSION.fullmatch(given)
    if not found:
        raise Invalid('If-Match must be the ETag of an earlier answer, like "3".')
    return int(found[1])
