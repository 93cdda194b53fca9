"""How the site is built: `make docs` writes it to docs/_build/html, without any network."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))
os.environ["PYTHONPATH"] = os.pathsep.join(  # notebooks run in processes of their own
    [str(HERE.parent / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
)
sys.path.insert(0, str(HERE.parent / "src"))

from micvae import __version__  # noqa: E402, the checkout's own, whatever else is installed

project = "micvae"
author = "The micvae authors"
project_copyright = "the micvae authors, Apache-2.0"
release = version = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "mathml",
    "docstrings",
    "rooms",
]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]
nitpicky = True

myst_enable_extensions = ["dollarmath", "deflist", "attrs_inline", "colon_fence"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "notebooks")
nb_execution_timeout = 900  # seconds per cell: a busy machine is no error
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True

html_math_renderer = "mathml"
autosummary_generate = False
autodoc_typehints = "none"  # `docstrings` writes signatures as the source has them
autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
add_module_names = False
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
default_role = "py:obj"  # a link where the name is documented, else just code

html_theme = "furo"
html_title = "micvae"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b62a4", "color-brand-content": "#0b62a4"},
    "dark_css_variables": {"color-brand-primary": "#7cb9ec", "color-brand-content": "#7cb9ec"},
    "navigation_with_keys": True,
}
