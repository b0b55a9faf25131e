"""Messages of meeting bots, made after their documentation."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

_NOT_OURS: dict[str, Any] = {"id": "00000000-0000-4000-8000-000000000000", "metadata": {}}


def recall(
    event: str,
    data: Mapping[str, Any],
    *,
    bot: Mapping[str, str] | None = None,
    endpoint: Mapping[str, str] | None = None,
) -> str:
    """https://docs.recall.ai/docs/real-time-event-payloads"""
    return json.dumps(
        {
            "event": event,
            "data": {
                "data": data,
                "realtime_endpoint": {"id": "e", "metadata": endpoint or {"endpoint_key": "e"}},
                "recording": _NOT_OURS,
                "bot": {"id": "b", "metadata": bot or {"bot_key": "b"}},
            },
        }
    )


def _recall_media(event: str, data: bytes, at_s: float, participant: int, **more: Any) -> str:
    origin = {key: more.pop(key) for key in ("bot", "endpoint") if key in more}
    name, email = more.pop("name", "Ada Lovelace"), more.pop("email", "ada@example.com")
    return recall(
        event,
        {
            "buffer": base64.b64encode(data).decode(),
            "timestamp": {"relative": at_s, "absolute": "2026-01-02T03:04:05.678Z"},
            "participant": {
                "id": participant,
                "name": name,
                "is_host": False,
                "platform": "desktop",
                "extra_data": {},
                "email": email,
            },
            **more,
        },
        **origin,
    )


def recall_sound(pcm: bytes, *, at_s: float = 0.0, participant: int = 7, **more: Any) -> str:
    return _recall_media("audio_separate_raw.data", pcm, at_s, participant, **more)


def recall_picture(png: bytes, *, at_s: float = 0.0, participant: int = 7, **more: Any) -> str:
    more = {"type": "webcam", **more}
    return _recall_media("video_separate_png.data", png, at_s, participant, **more)


def recall_left(*, participant: int = 7, **more: Any) -> str:
    return _recall_media("participant_events.leave", b"", 9.0, participant, **more)


def zoom(msg_type: int, data: bytes, *, timestamp: int = 0, user_id: int = 16_778_240) -> str:
    """https://developers.zoom.us/docs/rtms/meetings/media/"""
    return json.dumps(
        {
            "msg_type": msg_type,
            "content": {
                "user_id": user_id,
                "user_name": "John Smith",
                "data": base64.b64encode(data).decode(),
                "timestamp": timestamp,
            },
        }
    )
