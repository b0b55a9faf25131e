"""Settings as environment variables have them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any, get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from stream_verifier.errors import SettingsError

PREFIX = "STREAM_VERIFIER_"
_NO_SETTINGS = {"DATA", "TOKEN"}
"""Where tests find real people's data, and clients their token."""
_OF_KUBERNETES = re.compile(r"(\w+_)?(SERVICE_HOST|SERVICE_PORT\w*|PORT_\d+_\w+)")
"""It tells containers of services, also of one with the name of this project."""
_QUOTED = re.compile(r"""(["']).*\1""", re.DOTALL)
_QUOTES = (
    "The value is in quotes, which what sets it (docker --env-file, a manifest) took for a part of "
    "it: leave them out"
)
"""A folder, or a key, would have them in its name, and nobody would see why nothing is found."""


def misspelt(variables: Iterable[str], settings: Collection[str]) -> list[str]:
    """Say which variables look like settings and are none, with what may be meant.

    Args:
        variables: names of all environment variables.
        settings: names of all settings, in small letters and without prefix.
    """
    known = {name.upper() for name in settings}
    ours = sorted(name.removeprefix(PREFIX) for name in variables if name.startswith(PREFIX))
    strange = [one for one in ours if one not in known | _NO_SETTINGS]
    return [_doubt(one, known) for one in strange if not _OF_KUBERNETES.fullmatch(one)]


def _doubt(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    meant = f": is {PREFIX}{near[0]} meant?" if near else ", and is ignored."
    return f"{PREFIX}{name} is no setting{meant}"


class Environment(EnvSettingsSource):
    """The environment, in which a blank variable is as good as none."""

    def prepare_field_value(
        self, field_name: str, field: FieldInfo, value: Any, value_is_complex: bool
    ) -> Any:
        """Read one variable."""
        blank = isinstance(value, str) and not value.strip()
        if isinstance(value, str) and _QUOTED.fullmatch(value.strip()):
            raise SettingsError(f"{field_name}: {_QUOTES}")
        try:
            return super().prepare_field_value(
                field_name, field, None if blank else value, value_is_complex
            )
        except ValueError:  # not chained: the value could be a key
            raise SettingsError(
                f"{field_name}: Several values are written as JSON, such as {_example(field)}"
            ) from None


def _example(field: FieldInfo) -> str:
    return '{"name": "value"}' if get_origin(field.annotation) is dict else '["one", "two"]'
