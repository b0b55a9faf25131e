"""What is said of an answer that is not this server's, such as a proxy's."""

from __future__ import annotations


def not_ours(url: str, status: int) -> str:
    """In words, with what to do.

    Args:
        url: who was asked.
        status: of HTTP.
    """
    return (
        f"{url} answers with HTTP {status}, and not as Stream Verifier does: check the address, "
        "and what stands in between."
    )


def unanswered(url: str, why: object) -> str:
    """The same of a server that cannot be reached."""
    return f"{url} does not answer ({why}): check the address, and that the server runs."
