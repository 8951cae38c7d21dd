"""Sphinx configuration."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "crmkit"
author = "The crmkit developers"
project_copyright = "2026, The crmkit developers"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.doctest",
    "sphinx_copybutton",
    "crmkit_sphinx",
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
# Notebooks are kept without outputs and run at every build; one that raises, or takes long, breaks the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_in_temp = True
nb_merge_streams = True
default_role = "code"  # `name` in a docstring
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["notebooks.css"]
html_title = "crmkit"
toc_object_entries_show_parents = "hide"  # the column beside a page is narrow
exclude_patterns = ["_build"]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
nitpicky = True
# What stays without a link, because its documentation is elsewhere and the build asks no network.
nitpick_ignore_regex = [
    # The standard library, by full name and as annotations import it.
    (
        r"py:class",
        r"(date|datetime|timedelta|Decimal|Path|Callable|Iterable|Iterator|Mapping|Sequence|Literal)(\[\[?\]?)?",
    ),
    (r"py:class", r"(Callable|Literal)\[.+"),
    # The library cryptography, whose objects some functions take.
    (r"py:class", r"(Fernet|MultiFernet)"),
    (r"py:.*", r"(abc|collections\.abc|contextlib|csv|datetime|dt|decimal|enum|json|os|pathlib|re|sqlite3|typing)\..+"),
    (r"py:class", r"timedelta|tzinfo"),
    (r"py:class", r"(date|datetime|timedelta|Decimal|Path)"),
    (r"py:class", r"(Callable|Iterable|Iterator|Mapping|Sequence|Literal)(\[\[?\]?)?"),
    # crmkit.mapping.Mapping, as modules import it that have a Mapping of the standard library too.
    (r"py:class", r"FieldMapping"),
    # numpy's arrays and types, as annotations import them, and the standard library's.
    (r"py:class", r"(np|npt|numpy)\..+|NDArray|array(\[int\])?"),
    # SQLAlchemy, in what its adapters return.
    (r"py:class", r"ColumnElement|TypeEngine"),
    # Frame libraries, in the signatures of methods that hand out their frames.
    (r"py:class", r"(pd|pl|pa|pandas|polars|pyarrow)\..+"),
    # Hypothesis, in the signatures of crmkit.testing.strategies.
    (r"py:class", r"(st|hypothesis\.strategies)\.SearchStrategy"),
]
