"""How long a call may last, and how long without media."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

_CHECK_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeLimits:
    """Seconds after which a call ends by itself.

    Attributes:
        media_within_s: by then media must have come.
        silent_s: so long none may come afterwards.
        longest_s: so long it may last at all.
    """

    media_within_s: float
    silent_s: float
    longest_s: float

    def exceeded(
        self, *, lasted_s: float, silent_s: float, media_came: bool
    ) -> Literal["no_media", "too_long"] | None:
        """Why a call ends now; None where it goes on.

        Args:
            lasted_s: since it began.
            silent_s: since media came last, or the connection began.
            media_came: whether any ever did.
        """
        if lasted_s > self.longest_s:
            return "too_long"
        # Of a call that gave nothing yet, a new connection is no new beginning.
        silent = silent_s > self.silent_s if media_came else lasted_s > self.media_within_s
        return "no_media" if silent else None

    async def reached(
        self, *, silent_s: Callable[[], float], media_came: Callable[[], bool]
    ) -> Literal["no_media", "too_long"]:
        """Wait until a call that begins now ends by itself, and return why.

        Args:
            silent_s: what `exceeded` takes, now.
            media_came: likewise.
        """
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            await asyncio.sleep(_CHECK_S)
            reason = self.exceeded(
                lasted_s=loop.time() - began_s, silent_s=silent_s(), media_came=media_came()
            )
            if reason is not None:
                return reason
