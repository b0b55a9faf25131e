"""The WebSocket that a Recall.ai bot connects to: its participants' media in, nothing out.

Whom to verify, and by which token, the bot itself says: whoever makes it puts that into its
metadata, which comes with every message. So no secret is in an address.
"""

from __future__ import annotations

import contextlib

from starlette.websockets import WebSocket, WebSocketDisconnect

from stream_verifier.access.scopes import Scope
from stream_verifier.decoded.recall import RecallMessage, read_recall
from stream_verifier.errors import ProtocolError, StreamVerifierError
from stream_verifier.web.access import admit, client_of, gate_of
from stream_verifier.web.meeting import Meeting, who_of
from stream_verifier.web.origins import origin_allowed
from stream_verifier.web.sockets import POLICY_VIOLATION, receive_first, receive_text, refuse
from stream_verifier.web.state import state_of

PATH = "/api/v1/recall"
TOKEN, IDENTITIES = "stream_verifier_token", "stream_verifier_identities"
_FIRST_WITHIN_S = 10.0


async def recall_socket(websocket: WebSocket) -> None:
    """Serve one bot, until either side closes the socket."""
    headers, state = websocket.headers, state_of(websocket)
    if not origin_allowed(
        headers.get("origin"), headers.get("host"), state.settings.allowed_origins
    ):
        await websocket.close(POLICY_VIOLATION, "origin not allowed")
        return
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        try:
            text = await receive_first(
                websocket, state.feeders_room, client_of(websocket), within_s=_FIRST_WITHIN_S
            )
            await _serve(websocket, read_recall(text))
        except StreamVerifierError as error:
            await refuse(websocket, error)


async def _serve(websocket: WebSocket, message: RecallMessage) -> None:
    metadata = message.metadata
    token = metadata.get(TOKEN)
    # Who shows no token of ours learns nothing.
    gate_of(websocket).identify(token, client=client_of(websocket))
    if IDENTITIES not in metadata:
        raise ProtocolError(f"Give the bot metadata: {TOKEN} and {IDENTITIES}.")
    who = who_of(token, metadata[IDENTITIES])
    for identity in who.identities.values():
        admit(websocket, token, Scope.PUBLISH, identity=identity)
    meeting = Meeting(websocket, who)
    try:
        while True:
            if message.media is not None:
                await meeting.take(message.media)
            message = read_recall(await receive_text(websocket))
    finally:
        meeting.close()
