"""Named registries, in ``~/.chamber/config.json``."""

from __future__ import annotations

from chamber_sdk.extra import extra

__all__ = ["Registries"]


class Registries:
    """What `chamber_sdk.ChamberClient` says of registries, without a token."""

    @staticmethod
    def list_registries() -> dict[str, str]:
        """The configured registries: names and URLs."""
        with extra():
            from chamber.run.settings import registries
        return registries.listed()

    @staticmethod
    def add_registry(name: str, url: str, set_default: bool = False) -> None:
        """Keep the registry at `url` (host/path) under a name.

        Raises ValueError: the name or the URL is malformed, or the file cannot be read or written.
        """
        with extra():
            from chamber.run.settings import registries
        registries.add(name, url, set_default)

    @staticmethod
    def set_default_registry(name: str) -> None:
        """Make a configured registry the default. Raises ValueError: there is none so named."""
        with extra():
            from chamber.run.settings import registries
        registries.set_default(name)

    @staticmethod
    def get_default_registry() -> tuple[str | None, str] | None:
        """Name and URL of the default registry; None in place of a name that it does not have, or None."""
        with extra():
            from chamber.run.settings import registries
        found = registries.default()
        if found is None:
            return None
        name, url = found
        return (None if name == url else name), url
