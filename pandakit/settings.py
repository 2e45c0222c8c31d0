"""Where each setting comes from: argument, environment, `.env`, `config.toml`, in this order."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import platformdirs
from dotenv import dotenv_values

from pandakit.errors import SettingsError
from pandakit.redaction import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "SETTINGS",
    "Found",
    "Setting",
    "check_trust",
    "config_file",
    "find",
    "read_token",
    "require",
    "show_settings",
    "token_reader",
]

_MASK = "********"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name is the same in the environment, in `.env` and in `config.toml`."""

    name: str
    service: str
    meaning: str
    secret: bool = False


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("PANTHER_API_HOST", "panther", "host of the API, as in api.example.runpanther.net"),
        Setting("PANTHER_API_TOKEN", "panther", "API token of the console", secret=True),
        Setting("BIGPANDA_API_KEY", "bigpanda", "user API key: all reads, v2.1", secret=True),
        Setting("BIGPANDA_ORG_TOKEN", "bigpanda", "org token: sending alerts, v1.0", secret=True),
        Setting("BIGPANDA_REGION", "bigpanda", "us or eu"),
        Setting("BIGPANDA_BASE_URL", "bigpanda", "base URL, in place of the region"),
        Setting("PANGEA_AUDIT_TOKEN", "pangea", "token of Secure Audit Log", secret=True),
        Setting("PANGEA_DOMAIN", "pangea", "domain, as in aws.us.pangea.cloud"),
        Setting("PANGEA_BASE_URL_TEMPLATE", "pangea", "URL with {SERVICE_NAME}, for the domain"),
        Setting("PANGEA_AUDIT_CONFIG_ID", "pangea", "config id, for a token with several configs"),
        Setting("PANGEA_ARWEAVE_URL", "pangea", "where published roots are read"),
    )
}


@dataclass(frozen=True, slots=True)
class Found:
    """A setting's value (`None` when it is not set) and the place that it came from.

    `in_folder` is true for the `.env` in the working directory, which may have come with a
    folder that someone else made; all other places are the user's own.
    """

    setting: Setting
    value: str | None = field(repr=False)
    source: str
    in_folder: bool = False

    @property
    def shown(self) -> str | None:
        """The value as it may be shown: a secret is masked."""
        return _MASK if self.setting.secret and self.value else self.value


def config_file() -> Path:
    """Return the path of the user's `config.toml`, whether it exists or not."""
    return platformdirs.user_config_path("pandakit") / "config.toml"


def find(name: str, argument: str | None = None) -> Found:
    """Return a setting from the first place that has it; an empty value counts as none.

    Parameters
    ----------
    name
        One of `SETTINGS`.
    argument
        What the caller passed; it wins.

    Raises
    ------
    SettingsError
        When a file that should be read is malformed.

    Examples
    --------
    >>> find("PANTHER_API_HOST", "api.example.com").source
    'argument'
    """
    setting = SETTINGS[name]
    if argument is not None:
        return Found(setting, argument.strip() or None, "argument")
    for source, values in _places():
        value = (values.get(name) or "").strip()
        if value:
            return Found(setting, value, source, in_folder=source == str(_dotenv_file()))
    return Found(setting, None, "not set")


def check_trust(address: Found, *tokens: Found) -> None:
    """Refuse to send the user's own tokens to an address that came with a folder.

    Parameters
    ----------
    address
        The host, domain or URL that the tokens would be sent to.
    tokens
        The tokens of the service, as they were found.

    Raises
    ------
    SettingsError
        When the address is from the `.env` of the working directory, and a token is not. The
        message names both places, and how to allow it.
    """
    for token in tokens:
        if address.in_folder and token.value and not token.in_folder:
            name = address.setting.name
            raise SettingsError(
                f"{name} is from {address.source}, but {token.setting.name} is from "
                f"{token.source}: a file that came with a folder must not decide where your "
                f"token is sent. If {address.value!r} is right, export {name} in the shell or pass "
                f"it as an argument; or put the folder's own token into {address.source} too, and "
                f"unset the other one"
            )


def require(name: str, argument: str | None = None) -> Found:
    """Return a setting that must be set.

    Raises
    ------
    SettingsError
        Naming the setting, the places looked at and the fix.
    """
    found = find(name, argument)
    if found.value is None:
        raise SettingsError(missing_message(name))
    return found


def read_token(text: str, name: str) -> Secret:
    """Return a token as a `Secret`: surrounding whitespace is removed, other oddities are refused.

    Parameters
    ----------
    text
        The token as the user or a file has it; a trailing newline is normal.
    name
        The setting's name, for the error.

    Raises
    ------
    SettingsError
        When it is empty, or has inner whitespace, a line break, a quotation mark or a character
        outside ASCII. The message never repeats the token.
    """
    stripped = text.strip() if isinstance(text, str) else ""
    fault = _token_fault(stripped)
    secret = Secret(stripped)
    del text, stripped  # a traceback that shows locals must not show these
    if fault:
        raise SettingsError(f"{name} {fault}; paste the token again, without quotes or line breaks")
    return secret


def _token_fault(token: str) -> str:
    if not token:
        return "is empty"
    if not token.isascii():
        return "has a character outside ASCII"
    if any(letter in "\"'`" for letter in token):
        return "has a quotation mark in it"
    if not all("!" <= letter <= "~" for letter in token):
        return "has whitespace, a line break or a control character inside"
    return ""


def token_reader(found: Found) -> Callable[[], Secret | None]:
    """Return a function that reads a token's setting again, or `None` if that is not possible.

    Parameters
    ----------
    found
        The token as it was found. One that was passed as an argument cannot be read again, and
        the user's own token does not replace one that came with a folder.
    """
    name, source, in_folder = found.setting.name, found.source, found.in_folder

    def read_again() -> Secret | None:
        now = find(name)
        if source == "argument" or not now.value or (in_folder and not now.in_folder):
            return None
        return read_token(now.value, name)

    return read_again


def missing_message(*names: str) -> str:
    """Return the message for missing settings, of which one is enough: where we looked, the fix."""
    either = " or ".join(names)
    meanings = "; ".join(f"{name}: {SETTINGS[name].meaning}" for name in names)
    places = ", ".join(["the argument", *(source for source, _ in _places())])
    return (
        f"{either} is not set ({meanings}). Looked at: {places}. "
        f"Fix: export {names[0]}=... in the shell, or write {names[0]}=... into .env here; "
        "without any settings, pandakit.connect() uses the sandbox."
    )


def show_settings() -> pd.DataFrame:
    """Return all settings with their source; secrets are masked.

    Returns
    -------
    pandas.DataFrame
        One row per setting: `setting`, `value`, `source` ("environment", a file, "not set").

    Raises
    ------
    SettingsError
        When `config.toml` or `.env` cannot be read.

    Examples
    --------
    >>> show_settings().columns.tolist()
    ['setting', 'value', 'source']
    """
    found = [find(name) for name in SETTINGS]
    return pd.DataFrame(
        {
            "setting": [each.setting.name for each in found],
            "value": [each.shown for each in found],
            "source": [each.source for each in found],
        },
        dtype="string",
    )


def _dotenv_file() -> Path:
    return Path.cwd() / ".env"


def _places() -> list[tuple[str, Mapping[str, str | None]]]:
    dotenv, config = _dotenv_file(), config_file()
    return [
        ("environment", os.environ),
        (str(dotenv), _read_dotenv(dotenv)),
        (str(config), _read_config(config)),
    ]


def _read_dotenv(path: Path) -> Mapping[str, str | None]:
    if not path.is_file():
        return {}
    try:
        return dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {type(error).__name__}") from None


def _read_config(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f'{path} is not valid TOML: {error}. Lines read NAME = "value"'
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {type(error).__name__}") from None
    for name, value in content.items():
        if name not in SETTINGS:
            raise SettingsError(f"{path}: unknown setting {name!r}; known: {', '.join(SETTINGS)}")
        if not isinstance(value, str):
            raise SettingsError(f'{path}: {name} must be text in quotes, as in {name} = "..."')
    return content
