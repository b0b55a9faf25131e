"""Going on with a call of a server that is gone."""

from __future__ import annotations

import secrets

from stream_verifier.calls.neighbours import CallRecord
from stream_verifier.calls.session import Session
from stream_verifier.calls.via import Via
from stream_verifier.events.call_messages import Resume
from stream_verifier.rooms.terms import Terms


async def go_on_with(record: CallRecord, terms: Terms, via: Via) -> Session:
    """Go on with a call whose server is gone; trust begins anew.

    Nobody else ever knew its key, so that nobody can be asked for it: who holds the room holds its
    calls.

    Raises:
        UnknownSessionError: it is over, or somebody else goes on with it.
        StreamVerifierError: as when a call is opened.
    """
    message = Resume(
        type="resume", session=record.session, resume_key=secrets.token_urlsafe(32), sdp=""
    )
    session, _ = await terms.calls.take_over(
        record, message, client=terms.client, gone=True, via=via
    )
    return session
