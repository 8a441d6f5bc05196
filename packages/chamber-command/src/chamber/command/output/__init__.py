"""How results are written: as a table, as lines of tabs, or in a format that programs read."""

__all__: list[str] = []
