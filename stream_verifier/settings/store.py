"""Where references live, under which keys, and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from stream_verifier.settings.part import Part

MOST_DAYS = 36_500
"""More is no time in the calendar; who means for ever says 0."""
_NO_HOME = "there is no such home folder: name another one, as STREAM_VERIFIER_DATA_DIR does"


class StoreSettings(Part):
    """Where references live, under which keys, and for how long."""

    data_dir: Path = Field(
        Path("~/.local/share/stream-verifier"),
        validate_default=True,
        description="Where the store and its key file live.",
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
    adapted_references: Literal["accept", "refuse"] = Field(
        "accept",
        description="Whether people whom an older model enrolled are verified by references that "
        "an adapter has moved; refuse asks them to enrol again.",
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
        1826,
        ge=0,
        le=MOST_DAYS,
        description="Days that entries of the audit trail are kept; 0: for ever.",
    )
    unused_days: int = Field(
        365,
        ge=0,
        le=MOST_DAYS,
        description="Days after its last use that a reference goes; 0: never for that.",
    )
    keep_events_hours: int = Field(
        0,
        ge=0,
        le=24 * 90,
        description="Hours that a call's events are kept after its end, sealed in the store, so "
        "that they outlast a restart; 0: a day in memory alone.",
    )
    consent_days: int = Field(
        730,
        ge=0,
        le=MOST_DAYS,
        description="Days that a consent counts at most; 0: until it is withdrawn.",
    )
    consent_notice_days: int = Field(
        30,
        ge=0,
        le=MOST_DAYS,
        description="Days before its end in which calls are told that a consent expires.",
    )

    @field_validator("data_dir", "ledger_file", "key_file", "hsm_module")
    @classmethod
    def _from_home(cls, path: Path | None) -> Path | None:
        """Read ~ as the home folder, which a shell does not do within quotes or in unit files."""
        try:
            return path and path.expanduser()
        except RuntimeError as error:
            raise ValueError(_NO_HOME) from error

    @field_validator("database_url")
    @classmethod
    def _url_from_home(cls, url: str | None) -> str | None:
        if url is None or not url.startswith("sqlite"):
            return url
        if ":///~/" not in url:
            return url
        try:
            return url.replace(":///~/", f":///{Path.home()}/", 1)
        except RuntimeError as error:
            raise ValueError(_NO_HOME) from error

    @model_validator(mode="after")
    def _reach_the_device(self) -> Self:
        wanted = self.hsm_key is not None or bool(self.hsm_old_keys)
        if wanted and None in (self.hsm_module, self.hsm_token, self.hsm_pin):
            raise ValueError("a key in a device needs hsm_module, hsm_token and hsm_pin")
        return self

    @property
    def store_url(self) -> str:
        """The SQLAlchemy URL in use."""
        if self.database_url:
            return self.database_url
        from sqlalchemy import URL  # takes a tenth of a second, which not all commands need

        # It knows which letters of a path mean something in a URL.
        url = URL.create("sqlite+aiosqlite", database=str(self.data_dir / "identities.db"))
        return url.render_as_string(hide_password=False)

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
    def event_log_path(self) -> Path:
        """Which of the kept event logs in the store is this server's, and how far it counts."""
        return self.data_dir / "events.log-id"

    @property
    def ledger_path(self) -> Path:
        """The store's ledger in use."""
        return self.ledger_file or self.data_dir / "identities.ledger"
