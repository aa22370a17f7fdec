"""How the documentation is built: python -m sphinx -W --keep-going -b html docs docs/_build/html.

Nothing is fetched, neither while building nor while reading: MathJax comes out of a package, and there are no
inventories of other projects.
"""

from __future__ import annotations

import importlib
import os
import sys
from inspect import isclass, isroutine
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the documentation of this checkout, whatever is installed
os.environ["MPLBACKEND"] = "Agg"

project = "onehot-lookup"
author = "the onehot-lookup developers"
project_copyright = author
release = importlib.import_module("onehot").__version__
version = release

extensions = [
    "matplotlib.sphinxext.figmpl_directive",
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "auto_examples/*.ipynb", "auto_examples/*.py"]
default_role = "py:obj"  # `OneHot` in a docstring is a link where there is something to link to

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = False
add_module_names = False  # the title of a page says the module
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"
autodoc_preserve_defaults = True
autodoc_typehints = "none"  # the docstrings say shapes, which types do not
numpydoc_show_class_members = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"

plot_include_source = True
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 100)]
plot_srcset = ["2x"]
plot_rcparams = {"figure.figsize": (6.4, 3.6), "figure.constrained_layout.use": True}
plot_apply_rcparams = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "image_srcset": ["2x"],
    "show_signature": False,
    "capture_repr": (),
    "download_all_examples": False,
    "write_computation_times": False,  # its pages would fetch scripts
}

html_theme = "pydata_sphinx_theme"
html_title = "onehot-lookup"
html_static_path = ["_static"]
html_sidebars = {page: [] for page in ("start", "benchmarks", "contributing", "changelog")}  # no section to list
mathjax3_config = {"chtml": {"scale": 0.9}}
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "footer_start": ["copyright"],
    "footer_end": [],
}

# Every public function and class of these has to be in the API reference, once: where its package hands it out, or in
# its own module.
PACKAGES = ("onehot", "classifiers")
MODULES = sorted(
    module.name
    for module in walk_packages([str(ROOT / "classifiers")], "classifiers.")
    if "._" not in module.name and module.name != "classifiers.reading"  # which hands out nothing
)
HANDED_OUT = {name for package in PACKAGES for name in importlib.import_module(package).__all__}


def indented_blocks_are_formulas(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep the lines of a module docstring's formulas, which are indented and nothing more."""
    if what != "module":
        return
    for at in reversed(range(1, len(lines))):
        if lines[at].startswith("    ") and not lines[at - 1]:
            before = next((line for line in reversed(lines[:at]) if line), "")
            if not before.startswith("    "):
                lines[at:at] = [".. code-block:: text", ""]


def is_field_of_named_tuple(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what Python itself says of a named tuple's field: "Alias for field number 0"."""
    return True if type(obj).__name__ == "_tuplegetter" else None


def hide_signature_of_protocol(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str, None] | None:
    """Leave out the ``(*args, **kwargs)`` of classes that nobody calls."""
    return ("", None) if getattr(obj, "_is_protocol", False) and what == "class" else None


def find_undocumented(app: Sphinx, env: Any) -> None:
    """Warn of public functions and classes that no page of the reference describes."""
    documented = set(env.get_domain("py").objects)
    for module in (*PACKAGES, *MODULES):
        content = importlib.import_module(module)
        for name in set(content.__all__) - (HANDED_OUT if module in MODULES else set()):
            value = getattr(content, name)
            if (isclass(value) or isroutine(value)) and f"{module}.{name}" not in documented:
                logging.getLogger(__name__).warning("%s.%s is public, but not in the API reference", module, name)


def modules_without_a_page() -> list[str]:
    """Return the modules that no page of the reference names, and whose names their package does not hand out."""
    pages = "\n".join(page.read_text(encoding="utf-8") for page in Path(__file__).parent.glob("api/*.md"))
    return [
        module
        for module in MODULES
        if f"automodule:: {module}\n" not in pages and not set(importlib.import_module(module).__all__) <= HANDED_OUT
    ]


def prepare_page(app: Sphinx, docname: str, source: list[str]) -> None:
    """Drop the empty line that doctest needs at the end of a snippet, and add what is known only now."""
    source[0] = source[0].replace("\n\n```\n", "\n```\n")
    if docname == "api/more":
        for module in modules_without_a_page():
            source[0] += f"\n## {module}\n\n```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n```\n"


def completed_pages(*_: Any) -> list[str]:
    """Name the page that is read in every build, because its file does not show that it changed."""
    return ["api/more"]


def setup(app: Sphinx) -> None:
    """Connect the functions above."""
    app.connect("autodoc-process-docstring", indented_blocks_are_formulas, priority=400)  # before numpydoc
    app.connect("autodoc-process-signature", hide_signature_of_protocol)
    app.connect("autodoc-skip-member", is_field_of_named_tuple)
    app.connect("env-check-consistency", find_undocumented)
    app.connect("env-get-outdated", completed_pages)
    app.connect("source-read", prepare_page)
