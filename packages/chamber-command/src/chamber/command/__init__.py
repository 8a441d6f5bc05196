"""The ``chamber`` command, and what plugins make commands of their own with.

::

    from chamber.command import Session, command, pass_session


    @command("quota", "chamber quota ml")
    @click.argument("team")
    @pass_session
    def quota(session: Session, team: str) -> None:
        '''What a team may still use.'''
        with session.client() as client:
            session.show(client.get_quota(team))
"""

from chamber.command.options import command, group
from chamber.command.session import Session, pass_session

__all__ = ["Session", "command", "group", "pass_session"]
