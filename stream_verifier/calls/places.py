"""How many calls there may be: in all, for one person, and for one token."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.errors import RETRY_AFTER_S, CapacityError

_COME_AGAIN = f"Try again in {RETRY_AFTER_S} s."


@dataclass(frozen=True, slots=True)
class Place:
    """What a call takes.

    Attributes:
        identity: whom it is about.
        token_id: of the token that opened it.
        bound: whether that token is one person's or one call's, and so good for one at a time.
        trusted: whether an administrator opened it, to whom only the server's own limit applies.
        subject: who an identity provider says opened it, as `Grant` has it.
    """

    identity: str
    token_id: str
    bound: bool
    trusted: bool = False
    subject: str | None = None

    @property
    def holder(self) -> str:
        """By whom tries are counted, as `Grant.holder`."""
        return self.subject or self.token_id

    @classmethod
    def of(cls, grant: Grant, identity: str) -> Place:
        """The place of a call that this grant opens."""
        bound = grant.identity is not None or grant.session is not None
        trusted = Scope.ADMIN in grant.scopes
        return cls(identity, grant.token_id, bound, trusted, grant.subject)

    def supersedes(self, other: Place) -> bool:
        """Whether the other call has to go for this one: a bound token holds one call."""
        return self.bound and self.token_id == other.token_id


@dataclass(frozen=True, slots=True)
class Places:
    """The limits.

    Attributes:
        most: calls at once; None where the machine's time alone is the limit.
        most_per_identity: of these, about one person, by whichever tokens.
    """

    most: int | None
    most_per_identity: int

    def refuse_if_full(
        self, wanted: Place, taken: Collection[Place], *, fits: int | None = None
    ) -> None:
        """Say that there is no room, where there is none.

        Args:
            wanted: of a call that is to be opened.
            taken: of all that run or are being opened.
            fits: so many calls does the machine have time for; None where nobody measured it.

        Raises:
            CapacityError: the message says which limit it is.
        """
        staying = [place for place in taken if not wanted.supersedes(place)]
        if self.most is not None and len(staying) >= self.most:
            raise CapacityError(f"All {self.most} places for calls are taken. {_COME_AGAIN}")
        if fits is not None and len(staying) >= fits:
            raise CapacityError(
                f"The server has no time for another call beside the {len(staying)} that it "
                f"checks now. {_COME_AGAIN}"
            )
        if wanted.trusted:
            return
        if sum(place.identity == wanted.identity for place in staying) >= self.most_per_identity:
            raise CapacityError(
                f"{self.most_per_identity} calls run for that name already: end one of them first."
            )
