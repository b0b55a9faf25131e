"""Takes the annotated unions of the contract apart."""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin


def members(union: Any) -> tuple[Any, ...]:
    """The models of ``Annotated[A | B, ...]``, of ``A | B`` or of one model alone."""
    if get_origin(union) is Annotated:
        union = get_args(union)[0]
    return get_args(union) or (union,)
