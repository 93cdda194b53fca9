"""What the browser's tests need that may not be there."""

import pytest
from devtools import CHROMIUM, Browser

from micvae.errors import MicvaeError
from micvae.explorer import runtime_files


@pytest.fixture(scope="session")
def browser():
    """A browser for all tests, on a page of its own."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    try:
        runtime_files()
    except MicvaeError:
        pytest.skip("the runtime is not here: make src/micvae/explorer/runtime")
    with Browser() as started:
        yield started
