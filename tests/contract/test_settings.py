"""Where settings come from, what is shown of them, and what a wrong one is told."""

import platformdirs
import pytest

import pandakit as pk
from pandakit import settings


@pytest.fixture
def places(monkeypatch, tmp_path):
    """An empty working directory and an empty config folder."""
    (tmp_path / "work").mkdir()
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(
        platformdirs, "user_config_path", lambda *_args, **_kwargs: tmp_path / "config"
    )
    return tmp_path


def write(places, *, dotenv=None, config=None):
    """Put files where settings are looked for."""
    if dotenv is not None:
        (places / "work" / ".env").write_text(dotenv)
    if config is not None:
        (places / "config" / "config.toml").write_text(config)


def test_order_of_precedence(places, monkeypatch):
    """The argument wins over the environment, that over `.env`, that over `config.toml`."""
    write(places, dotenv="PANTHER_API_HOST=dotenv", config='PANTHER_API_HOST = "config"')
    monkeypatch.setenv("PANTHER_API_HOST", "environment")
    assert settings.find("PANTHER_API_HOST", "argument").value == "argument"
    assert settings.find("PANTHER_API_HOST").value == "environment"
    monkeypatch.delenv("PANTHER_API_HOST")
    assert settings.find("PANTHER_API_HOST").value == "dotenv"
    (places / "work" / ".env").unlink()
    assert settings.find("PANTHER_API_HOST").value == "config"
    (places / "config" / "config.toml").unlink()
    assert settings.find("PANTHER_API_HOST").value is None


def test_an_empty_value_counts_as_none(places, monkeypatch):
    """An empty variable does not hide a value further down."""
    write(places, dotenv="PANTHER_API_HOST=api.example.com")
    monkeypatch.setenv("PANTHER_API_HOST", "  ")
    assert settings.find("PANTHER_API_HOST").value == "api.example.com"


def test_show_settings_masks_secrets_and_names_sources(places, monkeypatch):
    """The frame tells where each value comes from and never shows a token."""
    write(places, dotenv="BIGPANDA_REGION=eu")
    monkeypatch.setenv("PANTHER_API_TOKEN", "canary-token")
    frame = pk.show_settings().set_index("setting")
    assert frame.loc["PANTHER_API_TOKEN", "source"] == "environment"
    assert frame.loc["BIGPANDA_REGION", "value"] == "eu"
    assert frame.loc["BIGPANDA_REGION", "source"].endswith(".env")
    assert frame.loc["PANGEA_DOMAIN", "source"] == "not set"
    assert "canary-token" not in frame.to_csv() + frame.to_html() + repr(frame)


def test_found_does_not_repeat_the_secret(places, monkeypatch):
    """Not even the representation of a looked-up setting has the token in it."""
    monkeypatch.setenv("PANTHER_API_TOKEN", "canary-token")
    assert "canary-token" not in repr(settings.find("PANTHER_API_TOKEN"))


def test_missing_names_variable_places_and_fix(places):
    """A missing setting is told by name, with the places looked at and what to do."""
    with pytest.raises(pk.SettingsError) as caught:
        settings.require("PANTHER_API_TOKEN")
    message = str(caught.value)
    for part in ("PANTHER_API_TOKEN", "environment", ".env", "config.toml", "export"):
        assert part in message


@pytest.mark.parametrize(
    ("config", "part"),
    [
        ("PANTHER_API_HOST = ", "not valid TOML"),
        ('PANTHER_HOST = "x"', "PANTHER_HOST"),
        ("PANTHER_API_HOST = 7", "must be text"),
    ],
)
def test_malformed_config_file_is_named(places, config, part):
    """A malformed `config.toml` is an error that names the file, not a silent default."""
    write(places, config=config)
    with pytest.raises(pk.SettingsError, match=r"config\.toml") as caught:
        settings.find("PANTHER_API_TOKEN")
    assert part in str(caught.value)


def test_dotenv_is_taken_literally(places):
    """A dollar sign in a token is part of the token."""
    write(places, dotenv="PANTHER_API_TOKEN=a${HOME}b")
    assert settings.find("PANTHER_API_TOKEN").value == "a${HOME}b"


CLIENTS = {
    "PANTHER_API_HOST": ("PANTHER_API_TOKEN", pk.Panther, "api.evil.example"),
    "BIGPANDA_BASE_URL": ("BIGPANDA_API_KEY", pk.BigPanda, "https://api.evil.example"),
    "PANGEA_DOMAIN": ("PANGEA_AUDIT_TOKEN", pk.Pangea, "evil.example"),
    "PANGEA_BASE_URL_TEMPLATE": ("PANGEA_AUDIT_TOKEN", pk.Pangea, "https://evil.example"),
}


@pytest.mark.parametrize("address", CLIENTS)
@pytest.mark.parametrize("place", ["environment", "config.toml", "argument"])
def test_an_address_from_a_folder_gets_no_token_of_the_user(places, monkeypatch, address, place):
    """
    A `.env` that came with a folder cannot send the user's own token to its host: the error names
    both places and the way to allow it, and not the token.
    """
    token, client, host = CLIENTS[address]
    write(places, dotenv=f"{address}={host}")
    if place == "environment":
        monkeypatch.setenv(token, "canary-token")
    if place == "config.toml":
        write(places, config=f'{token} = "canary-token"')
    given = ["canary-token"] if place == "argument" else []
    with pytest.raises(pk.SettingsError, match="must not decide where") as caught:
        client(None, *given) if client is pk.Panther else client(*given)
    message = str(caught.value)
    assert f"{address} is from {places / 'work' / '.env'}" in message
    assert f"{token} is from" in message
    assert place in message
    assert f"export {address}" in message
    assert "canary-token" not in message


@pytest.mark.parametrize("address", CLIENTS)
def test_an_address_goes_with_a_token_of_the_same_trust(places, monkeypatch, address):
    """Both from `.env`, or an address of the user's own with any token: the client is made."""
    token, client, host = CLIENTS[address]
    write(places, dotenv=f"{address}={host}\n{token}=canary-token")
    client()
    write(places, dotenv=f"{token}=canary-token", config=f'{address} = "{host}"')
    client()
    write(places, dotenv=f"{address}={host}")
    monkeypatch.setenv(address, host)
    monkeypatch.setenv(token, "canary-token")
    client()


def test_a_folder_may_choose_a_region(places, monkeypatch):
    """A region is not an address: its hosts are the service's own."""
    write(places, dotenv="BIGPANDA_REGION=eu")
    monkeypatch.setenv("BIGPANDA_API_KEY", "canary-token")
    assert "eu-api.bigpanda.io" in repr(pk.BigPanda())
