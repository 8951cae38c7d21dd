"""Sphinx configuration."""

project = "crmkit"
author = "The crmkit developers"
project_copyright = "2026, The crmkit developers"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.doctest",
    "sphinx_copybutton",
]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_class_signature = "mixed"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Source"]
# Docstring examples run under pytest, with their module's names; Sphinx runs those that the pages mark.
doctest_test_doctest_blocks = ""
html_theme = "furo"
html_title = "crmkit"
exclude_patterns = ["_build"]
suppress_warnings = ["ref.python"]
# Annotations and Raises sections use short names (RecordKind, NotFoundError); full names are still checked.
nitpick_ignore_regex = [(r"py:.*", r"[A-Z]\w*"), (r"py:class", r"np\.\w+")]
