"""``chamber login``, ``logout`` and ``whoami``: the token in ``~/.chamber/token.json``."""

from __future__ import annotations

import os
import sys

import click

from chamber.command.options import command
from chamber.command.session import Session, pass_session

__all__ = ["login", "logout", "whoami"]


@command(
    "login",
    "chamber login",
    "chamber login --organization org_123",
    "vault read -field=token secret/chamber | chamber login --token -",
)
@click.option("--token", metavar="TOKEN", help="- reads it from standard input. Else it is asked for.")
@click.option("--api-url", metavar="URL", help="The API that it is for; kept too.")
@click.option("--organization", metavar="ID", help="The organisation, for users of several; kept too.")
@click.option("--verify/--no-verify", default=True, help="Ask the API whether it takes the token.")
@pass_session
def login(session: Session, token: str | None, api_url: str | None, organization: str | None, verify: bool) -> None:
    """Store a token.

    It comes from a plugin's login (a browser), from standard input where that is no terminal, or from a prompt.
    """
    from chamber.command import identity
    from chamber.core.redaction import Secret
    from chamber.core.settings import Settings, updating

    session.api_url = api_url or session.api_url
    session.organization_id = organization or session.organization_id
    url = _api_url(session)
    secret = Secret(_token(session, token, url))
    settings = Settings(secret.reveal(), url, session.organization_id)
    if verify:
        _verify(session, settings.token.reveal())
    identity.keep(settings.token)
    kept = {"api_url": session.api_url, "organization_id": session.organization_id}
    if any(kept.values()):
        with updating(identity.token_file().with_name("config.json")) as content:
            content |= {name: value for name, value in kept.items() if value}
    session.tell(f"Logged in to {url}: the token is in {identity.token_file()}")
    if "CHAMBER_TOKEN" in os.environ:
        session.tell("CHAMBER_TOKEN is set here, and beats it: unset it to use the stored token")


@command("logout", "chamber logout")
@pass_session
def logout(session: Session) -> None:
    """Forget the stored token."""
    from chamber.command import identity

    session.tell("Logged out" if identity.forget() else "No token was stored")
    if "CHAMBER_TOKEN" in os.environ:
        session.tell("CHAMBER_TOKEN is set here, and is used on")


@command("whoami", "chamber whoami", "chamber whoami -o json")
@click.option("--verify/--no-verify", default=True, help="Ask the API whether it takes the token.")
@pass_session
def whoami(session: Session, verify: bool) -> None:
    """Show who you are, and whether the API knows you.

    What is told of you is what the token says; an API token says nothing.
    """
    from chamber.command import identity
    from chamber.core.contributions import token as of_plugins
    from chamber.core.settings import resolve

    settings = resolve(None, session.api_url, session.organization_id, token_source=of_plugins)
    known = identity.told_by(settings.token, settings.api_url, settings.organization_id)
    if verify:
        _verify(session, settings.token.reveal())
        known = known._replace(accepted=True)
    session.show(known)


def _api_url(session: Session) -> str:
    from chamber.core.settings import resolve

    return resolve("ch.unused", session.api_url, session.organization_id).api_url


def _token(session: Session, given: str | None, api_url: str) -> str:
    if given not in (None, "-"):
        session.tell(
            "A token on the command line is seen by others and kept by the shell: `--token -` reads it instead"
        )
        return given or ""
    if given == "-" or not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    from chamber.command.contributions import token

    found: str | None = token(api_url)
    return found or str(click.prompt("Token", hide_input=True, err=True))


def _verify(session: Session, token: str) -> None:
    """Raises AuthenticationError: the API does not take the token. What it may do is another question."""
    from chamber.core import AuthorizationError

    with session.client(token) as client:
        try:
            client.list_workloads(limit=1)
        except AuthorizationError:
            session.tell("The API knows the token, which may not list workloads")
