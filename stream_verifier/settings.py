"""Configuration: defaults, overridden by STREAM_VERIFIER_* environment variables."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from stream_verifier.access import trust
from stream_verifier.access.scopes import Scope
from stream_verifier.access.urls import check_ice_urls, check_port_range
from stream_verifier.environment import Environment
from stream_verifier.errors import SettingsError
from stream_verifier.webhooks.target import check_target


def _default_data_dir() -> Path:
    return Path.home() / ".local" / "share" / "stream-verifier"


def is_loopback(host: str) -> bool:
    """Whether a listening address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """All settings, each also an environment variable with the prefix STREAM_VERIFIER_."""

    model_config = SettingsConfigDict(
        env_prefix="STREAM_VERIFIER_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    log_format: Literal["text", "json"] = Field(
        "text", description="How the server logs where no terminal is: lines, or JSON a line."
    )
    port: int = Field(8080, ge=0, le=65535, description="TCP port to listen on; 0 picks one.")
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
    data_dir: Path = Field(
        default_factory=_default_data_dir, description="Where the store and its key file live."
    )
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the store; default SQLite in data_dir."
    )
    key: SecretStr | None = Field(
        None, description="Master key of the store: 32 bytes as base64url."
    )
    old_keys: tuple[SecretStr, ...] = Field(
        (), description="Master keys that are still valid beside it, for and during a rotation."
    )
    key_file: Path | None = Field(
        None,
        description="File with the master key, and older ones below it, a line each; default in "
        "data_dir where no other key is set, and made there on the first run.",
    )
    hsm_module: Path | None = Field(
        None, description="PKCS#11 library of the device that holds the master key."
    )
    hsm_token: str | None = Field(None, description="Label of the token in it.")
    hsm_pin: SecretStr | None = Field(None, description="Its user's PIN.")
    hsm_key: str | None = Field(
        None, description="Label of the AES key in it that is the master key; never leaves it."
    )
    hsm_old_keys: tuple[str, ...] = Field(
        (), description="Labels of keys in it that are still valid beside it."
    )
    ledger_file: Path | None = Field(
        None,
        description="Ledger of who is enrolled now, which keeps the deleted from coming back with "
        "an older store; default in data_dir.",
    )
    audit_key: SecretStr | None = Field(
        None,
        description="Key that signs the audit trail and makes names into pseudonyms: 32 bytes as "
        "base64url; default a file in data_dir.",
    )
    audit_days: int = Field(
        1826, ge=0, description="Days that entries of the audit trail are kept; 0: for ever."
    )
    unused_days: int = Field(
        365, ge=0, description="Days after its last use that a reference goes; 0: never for that."
    )
    consent_days: int = Field(
        730, ge=0, description="Days that a consent counts at most; 0: until it is withdrawn."
    )
    consent_notice_days: int = Field(
        30, ge=0, description="Days before its end in which calls are told that a consent expires."
    )
    max_calls: int | None = Field(
        None,
        ge=1,
        description="Calls served at once, at most; by default as many as the machine has time "
        "for. More are refused.",
    )
    measure_capacity: bool = Field(
        True,
        description="Whether calls are refused that the machine has no time for, by what calls "
        "cost it; otherwise max_calls alone counts and has to be set.",
    )
    inference_threads: int | None = Field(
        None,
        ge=1,
        le=16,
        description="Threads that compare; by default one for every two processors, three at most.",
    )
    max_calls_per_identity: int = Field(
        2, ge=1, description="Of these, about one person; a bound token holds one call at a time."
    )
    media_within_s: float = Field(
        30.0, ge=5, description="A call from which no media has come by then ends."
    )
    silent_call_s: float = Field(
        300.0, ge=30, description="A call from which media came ends when none came for so long."
    )
    max_call_s: float = Field(
        4 * 3600.0, ge=60, description="Longest life of a call; the client may open another."
    )
    max_subscribers: int = Field(
        256, ge=1, description="Subscribers of the event feed served at once; more are refused."
    )
    webhook_url: str | None = Field(
        None, description="Where events are posted to; https, or http on loopback."
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Signs what is posted: 24 to 64 bytes as base64, whsec_ before it or not."
    )
    webhook_types: tuple[str, ...] = Field(
        (), description="Event types that are posted; all but scores and progress by default."
    )
    webhook_evidence: bool = Field(
        False, description="Whether evidence is posted in numbers, rounded."
    )
    people_per_call: int = Field(
        5,
        ge=1,
        le=16,
        description="Different faces, or voices, met in a call that is not verified; then it ends.",
    )
    tries_per_token: int = Field(
        3, ge=1, description="Times that a verdict may turn against a person, with one token a day."
    )
    tries_told: int = Field(
        3,
        ge=1,
        description="Times that it may in all calls of one name; then only `verified` is told, "
        "and one more time with each week.",
    )
    operating_point: str = Field(
        "alarm_8h", description="Operating point of the decision, unless a call names another."
    )
    ice_servers: tuple[str, ...] = Field(
        (), description="STUN or TURN URLs; none by default, never a public one."
    )
    ice_host_addresses: tuple[str, ...] = Field(
        (), description="Local addresses offered as candidates; default: all but loopback."
    )
    turn_urls: tuple[str, ...] = Field(
        (), description="TURN URLs that take credentials made with turn_secret."
    )
    turn_secret: SecretStr | None = Field(
        None, description="The TURN server's shared secret (coturn: static-auth-secret)."
    )
    turn_ttl_s: int = Field(
        3600, ge=60, le=86_400, description="How long a TURN credential can be used to connect."
    )
    udp_ports: str | None = Field(
        None, pattern=r"^\d{1,5}-\d{1,5}$", description="UDP ports for media, FIRST-LAST."
    )
    public_address: str | None = Field(
        None, description="Address of a NAT that forwards udp_ports to this machine one to one."
    )
    private_peers: bool | None = Field(
        None,
        description="Whether media may come from private addresses, as in one's own network; "
        "default: where the server listens on loopback or has such an address itself.",
    )
    max_frame_pixels: int = Field(
        1920 * 1080,
        ge=320 * 240,
        description="Width times height of a picture; larger ones are dropped.",
    )
    max_frame_side_px: int = Field(4096, ge=320, description="Longer side of a picture, likewise.")
    max_frames_per_s: float = Field(70.0, ge=5, description="Pictures taken of a call a second.")
    max_pixels_per_s: float = Field(
        1920 * 1080 * 60.0, ge=320 * 240 * 5, description="Their pixels; what decoding costs."
    )
    max_packets_per_s: float = Field(
        2500.0, ge=100, description="Datagrams taken of a call a second, sound and pictures."
    )
    max_bytes_per_s: float = Field(2_500_000.0, ge=20_000, description="Bytes in them.")
    drain_s: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="Seconds that calls have to finish or move when the server is told to stop "
        "(SIGTERM); 0: they end at once.",
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Redis that several servers share to serve as one, redis:// or rediss://; none "
        "by default.",
    )
    redis_prefix: str = Field(
        "stream-verifier",
        pattern=r"^[\w.-]{1,64}$",
        description="Begins the names of all keys there; servers of one fleet have the same.",
    )
    worker_address: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        description="Where the other servers reach this one; by default http at host and port.",
    )
    lease_s: float = Field(
        12.0, ge=1, le=300, description="Seconds without a word after which a server is gone."
    )
    resume_within_s: float = Field(
        15.0, ge=0, le=300, description="How long a call waits for a lost client; 0: not at all."
    )
    speech_window_s: float = Field(3.0, gt=0.5, description="Longest speech scored at once.")
    speech_first_s: float = Field(1.5, gt=0.5, description="Speech that a first score needs.")
    hop_s: float = Field(1.0, gt=0.1, description="New media between two scores.")
    presence: Literal["off", "observe", "hold"] = Field(
        "hold",
        description="Whether somebody is there (screens, stills, lips that say something else): "
        "hold keeps a call from being verified for it, observe only tells.",
    )
    face_rate_hz: float = Field(2.0, gt=0, description="Pictures looked at per second.")
    calm_score_every_s: float = Field(
        2.0,
        ge=0,
        le=10,
        description="How often a long verified call's voice is scored under load; 0: always.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - ours in its place
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no such file is read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor these
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code wins over the environment."""
        return init_settings, Environment(settings_cls)

    @field_validator("data_dir", "ledger_file", "key_file", "hsm_module")
    @classmethod
    def _from_home(cls, path: Path | None) -> Path | None:
        """Read ~ as the home folder, which a shell does not do within quotes or in unit files."""
        try:
            return path and path.expanduser()
        except RuntimeError as error:
            raise ValueError("there is no such home folder") from error

    @field_validator("database_url")
    @classmethod
    def _url_from_home(cls, url: str | None) -> str | None:
        if url is None or not url.startswith("sqlite"):
            return url
        return url.replace(":///~/", f":///{Path.home()}/", 1)

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
            return self
        if self.token_key is None:
            raise ValueError("oidc_issuer needs token_key, too: what is open to all has no roles")
        local = is_loopback(urlsplit(self.oidc_issuer).hostname or "")
        trust.check_provider(self.oidc_issuer, has_roles=any(self.oidc_roles.values()), local=local)
        return self

    @model_validator(mode="after")
    def _have_a_limit(self) -> Self:
        if self.max_calls is None and not self.measure_capacity:
            raise ValueError("without measure_capacity nothing limits calls: set max_calls")
        return self

    @model_validator(mode="after")
    def _be_found_by_others(self) -> Self:
        if self.redis_url is None:
            return self
        if 0 < self.resume_within_s <= self.lease_s:
            raise ValueError(
                "lease_s must be below resume_within_s: a server that is gone has to be missed "
                "before its calls' clients give up"
            )
        if self.worker_address is not None:
            return self
        if self.port == 0 or self.host in ("0.0.0.0", "::"):  # noqa: S104
            raise ValueError(
                "redis_url is set, so the other servers have to reach this one: say where with "
                "worker_address, such as http://10.0.0.5:8080"
            )
        return self

    @model_validator(mode="after")
    def _keep_keys_apart(self) -> Self:
        if self.turn_secret is not None:
            trust.check_secret(self.turn_secret.get_secret_value(), "turn_secret")
        others = (self.token_key, self.audit_key, self.turn_secret, self.webhook_secret)
        for own in (self.key, *self.old_keys):
            secrets = (own, *others)
            trust.check_apart(one.get_secret_value() for one in secrets if one is not None)
        return self

    @model_validator(mode="after")
    def _reach_the_device(self) -> Self:
        wanted = self.hsm_key is not None or bool(self.hsm_old_keys)
        if wanted and None in (self.hsm_module, self.hsm_token, self.hsm_pin):
            raise ValueError("a key in a device needs hsm_module, hsm_token and hsm_pin")
        return self

    @model_validator(mode="after")
    def _check_webhook(self) -> Self:
        check_target(
            self.webhook_url, self.webhook_secret, self.webhook_types, is_loopback=is_loopback
        )
        return self

    @model_validator(mode="after")
    def _fit_the_network(self) -> Self:
        check_ice_urls(self.ice_servers, ("stun",))
        check_ice_urls(self.turn_urls, ("turn", "turns"))
        if bool(self.turn_urls) != (self.turn_secret is not None):
            raise ValueError("turn_urls and turn_secret go together: set both or neither")
        if self.public_address is not None:
            ipaddress.IPv4Address(self.public_address)
        if self.udp_port_range is not None:
            check_port_range(*self.udp_port_range)
        if self.max_pixels_per_s < self.max_frame_pixels:
            raise ValueError("max_pixels_per_s lets no picture of max_frame_pixels through")
        return self

    @property
    def udp_port_range(self) -> tuple[int, int] | None:
        """First and last UDP port for media; None where any will do."""
        if self.udp_ports is None:
            return None
        first, last = self.udp_ports.split("-")
        return int(first), int(last)

    @property
    def own_address(self) -> str:
        """Where the other servers of a fleet reach this one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.worker_address or f"http://{host}:{self.port}"

    @property
    def store_url(self) -> str:
        """The SQLAlchemy URL in use."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'identities.db'}"

    @property
    def key_path(self) -> Path | None:
        """The key file in use, which is made on the first run; None where keys are elsewhere."""
        elsewhere = self.key is not None or self.hsm_key is not None
        if self.key_file is None and elsewhere:
            return None
        return self.key_file or self.data_dir / "store.key"

    @property
    def audit_key_path(self) -> Path:
        """The audit trail's key file that is made on the first run when no key is set."""
        return self.data_dir / "audit.key"

    @property
    def ledger_path(self) -> Path:
        """The store's ledger in use."""
        return self.ledger_file or self.data_dir / "identities.ledger"


def load_settings(**overrides: object) -> Settings:
    """Read the settings; overrides that are not None win over the environment.

    Raises:
        SettingsError: a value is missing, of the wrong kind or contradicts another.
    """
    try:
        return Settings(**{key: value for key, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        # Only the messages: an error's input could be the key.
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'settings'}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(problems) from None
