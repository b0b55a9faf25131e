"""Where the server listens, and whom it lets in."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from stream_verifier.access import trust
from stream_verifier.access.scopes import Scope
from stream_verifier.access.urls import is_loopback
from stream_verifier.settings.part import Part


class AccessSettings(Part):
    """Where the server listens, and whom it lets in."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="TCP port to listen on; 0 picks one.")
    log_format: Literal["text", "json"] = Field(
        "text", description="How the server logs where no terminal is: lines, or JSON a line."
    )
    token_key: SecretStr | None = Field(
        None,
        description="Key that tokens are signed with: 32 bytes as base64url. Without it the "
        "server listens on loopback only, and whoever is on this machine may do everything.",
    )
    oidc_issuer: str | None = Field(
        None,
        description="Identity provider (OpenID Connect) whose tokens are taken beside this "
        "server's own: its address as they name it.",
    )
    oidc_audience: str = Field(
        "stream-verifier", min_length=1, description="Audience that its tokens must be for."
    )
    oidc_roles_claim: str = Field(
        "roles",
        min_length=1,
        description="Claim with a person's roles; dots lead into it: realm_access.roles.",
    )
    oidc_roles: dict[str, tuple[Scope, ...]] = Field(
        default_factory=dict,
        description='What each role allows, as JSON: {"guards": ["events:read"]}.',
    )
    oidc_identity_claim: str | None = Field(
        None,
        description="Claim that names the person as enrolled here, to whom calls and enrolments by "
        "its tokens are bound; without it they may be in any name.",
    )
    oidc_client_id: str | None = Field(
        None,
        min_length=1,
        description="Name under which the provider knows the pages, as a public client with PKCE: "
        "with it people sign in there; without it pages are given tokens.",
    )
    oidc_scope: str = Field(
        "openid",
        pattern=r"^openid( [!#-\[\]-~]+)*$",
        description="What pages ask the provider for: words, one blank between two, openid first.",
    )
    bad_tokens_per_minute: int = Field(
        30, ge=1, description="Forged or garbled tokens heard from one address."
    )
    openings_per_minute: int = Field(
        60, ge=1, description="Calls that one address may open, whether or not they succeed."
    )
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses or networks whose X-Forwarded-For and -Proto are believed."
    )
    allowed_hosts: tuple[str, ...] = Field(
        ("localhost", "127.0.0.1", "[::1]"),
        description="Host headers that are answered; guards against DNS rebinding.",
    )
    answer_any_host: bool = Field(
        False, description="Needed for * in allowed_hosts: answer by any name at all."
    )
    allowed_origins: tuple[str, ...] = Field(
        (), description="Origins of pages, beside the server's own, that may open a call."
    )

    @model_validator(mode="after")
    def _stay_private(self) -> Self:
        if not is_loopback(self.host) and self.token_key is None:
            raise ValueError(
                f"refusing to listen on {self.host}: without a key for tokens anyone who reaches "
                "the port could enrol and delete people. Listen on 127.0.0.1, or make a key with "
                " stream-verifier key  and set STREAM_VERIFIER_TOKEN_KEY."
            )
        return self

    @model_validator(mode="after")
    def _name_whom_to_trust(self) -> Self:
        trust.check_proxies(self.trusted_proxies)
        trust.check_hosts(self.allowed_hosts, any_host=self.answer_any_host)
        trust.check_origins(self.allowed_origins)
        return self

    @model_validator(mode="after")
    def _know_the_provider(self) -> Self:
        if self.oidc_issuer is None:
            if self.oidc_client_id is not None:
                raise ValueError("oidc_client_id needs oidc_issuer: where to sign in")
            return self
        if self.token_key is None:
            raise ValueError("oidc_issuer needs token_key, too: what is open to all has no roles")
        local = is_loopback(urlsplit(self.oidc_issuer).hostname or "")
        trust.check_provider(self.oidc_issuer, has_roles=any(self.oidc_roles.values()), local=local)
        return self
