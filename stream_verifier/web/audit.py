"""The audit trail over HTTP, page by page."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import Query
from starlette.requests import Request

from stream_verifier.access.scopes import Scope
from stream_verifier.audit.deed import Deed, Kind
from stream_verifier.web.access import Token, actor_of_request, admit
from stream_verifier.web.models import AuditPage
from stream_verifier.web.state import state_of

MOST = 500


async def show_audit(
    request: Request,
    token: Token,
    after: Annotated[int, Query(ge=0, le=2**53, description="Only those after this number.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST, description="So many at most.")] = 100,
) -> AuditPage:
    """Show entries of the audit trail, oldest first; that it was read is an entry, too."""
    grant = admit(request, token, Scope.AUDIT)
    state = state_of(request)
    trail = state.store.audit
    head = await trail.head()
    entries = await trail.page(after=after, limit=limit)
    read = Deed(Kind.EXPORTED, actor_of_request(request, grant), details={"way": "HTTP"})
    state.journal.count(read)
    last = entries[-1].number if entries else after
    return AuditPage(
        entries=[entry.fields for entry in entries],
        next=last if last < head.number else None,
        head=json.loads(head.line),
        public_key=trail.public_pem(),
    )
