"""Configuration of the documentation; built by ``hatch run docs``."""

from sphinx.util.inspect import signature, stringify_signature

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


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", _whole)


def _whole(_app, what, _name, found, _options, arguments, returns):
    """An operation's signature is without ``self`` already, where autodoc would leave out one more parameter."""
    if what == "method" and hasattr(found, "__signature__"):
        arguments = stringify_signature(signature(found), show_return_annotation=False, unqualified_typehints=True)
    return arguments, returns
