"""On which terms a call begins: its operating point, and what its first event says."""

from __future__ import annotations

from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.calls.cameras import signs_of
from stream_verifier.errors import ForbiddenError
from stream_verifier.events.call_messages import Opening
from stream_verifier.events.schema import Origin, SessionStarted
from stream_verifier.verify.recogniser import Recogniser


def refuse_weaker_point(start: Opening, grant: Grant, recogniser: Recogniser) -> None:
    """Let nobody choose an operating point that is weaker than the server's or the token's.

    Raises:
        ForbiddenError: the call asks for one.
    """
    if start.operating_point is None or Scope.ADMIN in grant.scopes:
        return
    if start.operating_point == grant.operating_point:
        return
    if recogniser.point(start.operating_point).weaker_than(recogniser.point()):
        raise ForbiddenError(
            f"The operating point {start.operating_point!r} is weaker than this server's: ask "
            "for a token that names it, or leave it out."
        )


def session_started(
    start: Opening,
    recogniser: Recogniser,
    *,
    origin: Origin | None = None,
    adapted_from: tuple[str, ...] = (),
) -> SessionStarted:
    """The first event of a call.

    Args:
        start: what its client wants.
        recogniser: the loaded model.
        origin: where its media is fetched from, if it is.
        adapted_from: the models that the reference was moved from.
    """
    verifying = start.mode == "verify"
    signs = [*signs_of(start.camera)] if verifying else []
    return SessionStarted(
        media_s=0.0,
        mode=start.mode,
        identity=start.identity,
        model=recogniser.model_id,
        comparator=recogniser.comparator.name,
        operating_point=recogniser.described(start.operating_point) if verifying else None,
        origin=origin,
        adapted_from=next(iter(adapted_from), None),
        camera_signs=signs or None,
    )
