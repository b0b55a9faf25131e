"""What servers that serve as one share."""

from __future__ import annotations

from pydantic import Field, SecretStr

from stream_verifier.settings.part import Part


class FleetSettings(Part):
    """What servers that serve as one share."""

    redis_url: SecretStr | None = Field(
        None,
        description="Redis that several servers share to serve as one, redis:// or rediss://; none "
        "by default.",
    )
    redis_prefix: str = Field(
        "stream-verifier",
        pattern=r"^[\w.-]{1,64}$",
        description="Begins the names of all keys there, letters, digits and any of _ . -; servers "
        "of one fleet have the same.",
    )
    worker_address: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        description="Where the other servers reach this one, such as http://10.0.0.5:8080; by "
        "default http at host and port.",
    )
    lease_s: float = Field(
        12.0, ge=1, le=300, description="Seconds without a word after which a server is gone."
    )
