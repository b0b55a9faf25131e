"""Who may open a call: as far as there is room for one more."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from stream_verifier.calls.capacity import Capacity
from stream_verifier.calls.places import Place, Places
from stream_verifier.calls.running import RunningCalls
from stream_verifier.calls.tries import Tries
from stream_verifier.errors import CapacityError


class Admission:
    """Keeps places for calls while they are opened.

    Args:
        here: calls that run here.
        places: the limits.
        tries: how many others may be tried in a name.
        capacity: how many calls the machine has time for; None where nobody measures it.

    Attributes:
        refused: so many calls found no place.
        tries: the account of `tries`.
    """

    def __init__(
        self,
        here: RunningCalls,
        *,
        places: Places,
        tries: Tries,
        capacity: Capacity | None = None,
    ) -> None:
        self.refused = 0
        self._here = here
        self._places = places
        self.tries = tries
        self._capacity = capacity
        self._opening: list[Place] = []

    @property
    def most(self) -> int:
        """So many may run at once, by what is allowed and by what fits now."""
        limits = [limit for limit in (self._places.most, self._fits()) if limit is not None]
        return min(limits, default=len(self._here) + 1)

    @property
    def room(self) -> int:
        """So many more may be opened now."""
        return max(0, self.most - len(self._here) - len(self._opening))

    @contextlib.asynccontextmanager
    async def place_for(self, place: Place) -> AsyncIterator[None]:
        """Keep a place while a call is being opened inside.

        Raises:
            CapacityError: there is none.
            IdentityLockedError: too many others were tried in that name.
        """
        # Counted before anything slow, so that a rush of callers cannot pass the limit together.
        taken = [*self._here.places, *self._opening]
        try:
            self._places.refuse_if_full(place, taken, fits=self._fits())
        except CapacityError:
            self.refused += 1
            raise
        self._opening.append(place)
        try:
            await self.tries.refresh(place)
            self.tries.refuse_if_spent(place)
            yield
        finally:
            self._opening.remove(place)

    def _fits(self) -> int | None:
        if self._capacity is None:
            return None
        return len(self._here) + self._capacity.room(len(self._here))
