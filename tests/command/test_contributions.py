"""What plugins bring to the command."""

import click
import pytest

from chamber.command import Session, command, contributions, pass_session
from chamber.core.hooks import hookimpl
from chamber.core.testing import registered


@command("quota", "chamber quota ml")
@click.argument("team")
@pass_session
def quota(session: Session, team: str) -> None:
    """What a team may still use."""
    session.show({"team": team, "gpu_hours": 12.5})


class QuotaPlugin:
    @staticmethod
    @hookimpl
    def chamber_commands():
        return [quota]


class GreedyPlugin:
    @staticmethod
    @hookimpl
    def chamber_commands():
        return [click.Command("run", help="not ours"), "no command"]


class BrokenPlugin:
    @staticmethod
    @hookimpl
    def chamber_commands():
        raise ImportError("no module")


class BrowserPlugin:
    @staticmethod
    @hookimpl
    def chamber_login(api_url):
        return f"ch.from-a-browser-at-{api_url.rpartition(':')[2].partition('/')[0]}"


def test_chamber_commands_are_beside_our_own(cli):
    with registered(QuotaPlugin):
        shown = cli("--help").stdout
        assert "Of plugins:\n  quota" in shown
        assert "What a team may still use." in shown
        assert cli("quota", "ml").stdout == "team\tml\ngpu_hours\t12.5\n"
        assert cli("quota", "ml", "-o", "jsonl").stdout == '{"team": "ml", "gpu_hours": 12.5}\n'


def test_chamber_commands_take_no_name_of_ours_and_one_that_fails_harms_no_other(cli, caplog):
    with registered(GreedyPlugin, "greedy"), registered(BrokenPlugin, "broken"), registered(QuotaPlugin):
        assert list(contributions.commands(taken={"run"})) == ["quota"]
        assert "not ours" not in cli("--help").stdout
    assert "there is a command run already" in caplog.text
    assert "is no command" in caplog.text
    assert "ImportError: no module" in caplog.text


def test_chamber_login_gives_the_token_of_a_browser(own_settings):
    with registered(BrowserPlugin):
        assert contributions.token("https://chamber.test:8443/v1") == "ch.from-a-browser-at-8443"


def test_without_a_plugin_nobody_logs_in():
    assert contributions.token("https://chamber.test/v1") is None


def test_a_login_that_fails_is_an_error_of_ours():
    class Failing:
        @staticmethod
        @hookimpl
        def chamber_login(api_url):
            raise RuntimeError("no browser")

    from chamber.core import PluginError

    with registered(Failing), pytest.raises(PluginError, match=r"no browser\): pass a token"):
        contributions.token("https://chamber.test/v1")
