"""The hook specifications of chamber.command, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chamber.core.hooks import hookspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

__all__ = ["CommandHooks"]


class CommandHooks:
    """What a plugin can do for the ``chamber`` command."""

    @hookspec
    def chamber_commands(self) -> Sequence[click.Command]:
        """Commands beside our own; one that has the name of ours is set aside.

        ::

            @hookimpl(optionalhook=True)
            def chamber_commands() -> Sequence[click.Command]:
                from acme_quota.commands import quota

                return [quota]
        """
        raise AssertionError("a specification is never called")

    @hookspec(firstresult=True)
    def chamber_login(self, api_url: str) -> str | None:
        """A token for the API at `api_url`, got in a browser or however else; asked by ``chamber login``.

        ::

            @hookimpl(optionalhook=True)
            def chamber_login(api_url: str) -> str | None:
                return acme_sso.token_from_browser() if api_url.endswith(".acme.example/v1") else None
        """
        raise AssertionError("a specification is never called")
