"""The examples in docstrings: they run, and every public function and class has one."""

import doctest
import inspect
import pkgutil
import warnings
from importlib import import_module

import pytest

import micvae

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PACKAGES = [
    "micvae",
    "micvae.data",
    "micvae.networks",
    "micvae.distributions",
    "micvae.information",
    "micvae.objectives",
    "micvae.metrics",
    "micvae.metrics",
    "micvae.training",
    "micvae.scoring",
    "micvae.identifiability",
    "micvae.studies",
    "micvae.claims",
    "micvae.sharing",
    "micvae.reports",
    "micvae.estimator",
    "micvae.claims",
]


def modules():
    found = pkgutil.walk_packages(micvae.__path__, "micvae.")
    return ["micvae", *(m.name for m in found if not m.name.endswith("__main__"))]


def examples(module):
    """The docstrings of a module that hold examples."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for test in finder.find(module, module.__name__) if test.examples]


def with_examples():
    return [test for name in modules() for test in examples(import_module(name))]


@pytest.mark.parametrize("test", with_examples(), ids=lambda test: test.name)
def test_an_example_runs(test, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", micvae.errors.MicvaeWarning)  # of scores on tiny data
        runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


def public(package):
    """Functions and concrete classes that a package defines and lists, by name; no exceptions."""
    module = import_module(package)
    found = {name: getattr(module, name) for name in getattr(module, "__all__", ())}
    return {
        name: value
        for name, value in found.items()
        if (inspect.isfunction(value) or inspect.isclass(value))
        and value.__name__ == name
        and value.__module__.startswith(package)
        and not inspect.isabstract(value)
        and not (inspect.isclass(value) and issubclass(value, Exception))
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_everything_public_has_an_example(package):
    without = [n for n, value in public(package).items() if ">>>" not in (value.__doc__ or "")]
    assert not without, f"{package}: no example in the docstring of {', '.join(without)}"


def test_an_example_that_is_wrong_is_found(tmp_path, monkeypatch):
    parser = doctest.DocTestParser()
    wrong = parser.get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    with pytest.raises(AssertionError, match="Expected"):
        test_an_example_runs(wrong, tmp_path, monkeypatch)
