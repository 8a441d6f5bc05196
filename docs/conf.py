"""Configuration of the documentation; built by ``hatch run docs``."""

project = "Chamber"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = "Chamber for Python"
myst_heading_anchors = 3
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
suppress_warnings = ["myst.xref_missing"]
