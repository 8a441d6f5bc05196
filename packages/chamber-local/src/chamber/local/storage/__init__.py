"""SQLite on disk: what a Chamber knows, and the questions that are asked of it."""

__all__: list[str] = []
