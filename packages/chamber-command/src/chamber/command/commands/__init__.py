"""What each command does; a module for each kind of thing, loaded when one of its commands is used."""

__all__: list[str] = []
