"""Logins of the registries that clouds and forges offer, each a plugin of its own that answers `chamber_run_registry`.

They are entry points of the group ``chamber`` as a stranger's would be, and ``CHAMBER_PLUGINS=-run-aws`` denies one.
They decide by the registry's host alone, offline; the network and other programs wait until the registry asks.
What ``docker login`` keeps is tried before them, and any other plugin is asked before them.
"""

__all__: list[str] = []
