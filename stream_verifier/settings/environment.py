"""Settings as environment variables have them."""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from stream_verifier.errors import SettingsError


class Environment(EnvSettingsSource):
    """The environment, in which a blank variable is as good as none."""

    def prepare_field_value(
        self, field_name: str, field: FieldInfo, value: Any, value_is_complex: bool
    ) -> Any:
        """Read one variable."""
        blank = isinstance(value, str) and not value.strip()
        try:
            return super().prepare_field_value(
                field_name, field, None if blank else value, value_is_complex
            )
        except ValueError:  # not chained: the value could be a key
            raise SettingsError(
                f'{field_name}: Several values are written as JSON, such as ["one", "two"]'
            ) from None
