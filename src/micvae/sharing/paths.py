"""What a run says of its data, without the folders of whoever trained it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from micvae import spelling
from micvae.data import DATASETS, FILES
from micvae.errors import MicvaeError

_ABSOLUTE = re.compile(r"[/\\~]|[A-Za-z]:[/\\]|\w+://")


def public(data: str) -> str:
    """A --data text without the folders of its paths, however deeply they are quoted in it."""
    name, bracket, _ = data.partition("(")
    if name.strip() not in DATASETS:
        return _last(data)
    if not bracket:
        return data
    try:
        _, positional, keywords = spelling.parse(data, "data", paths=True)
    except MicvaeError:
        if PurePath(data).suffix.lower() in FILES:
            return _last(data)  # a file that is called so, such as dsprites (1).npz
        return f"{name.strip()}(…)"  # which no run can have been trained on
    shown = [_shown(value, named=i == 0) for i, value in enumerate(positional)]
    options = {k: _shown(v, named=k in ("data", "path")) for k, v in keywords.items()}
    if shown == positional and options == keywords:
        return data
    arguments = [*map(repr, shown), *(f"{k}={v!r}" for k, v in options.items())]
    return f"{name.strip()}({', '.join(arguments)})"


def without_folders(text: str, data: str) -> str:
    """A message about data without the folders of its paths, at whatever depth of `data`."""
    for named in sorted({*_texts(data)}, key=len, reverse=True):
        text = text.replace(named, public(named))
    return text


def _texts(data: str) -> Iterator[str]:
    """A --data text, and the texts that are quoted in it."""
    yield data
    if "(" not in data or data.partition("(")[0].strip() not in DATASETS:
        return
    try:
        _, positional, keywords = spelling.parse(data, "data", paths=True)
    except MicvaeError:
        return
    for value in (*positional, *keywords.values()):
        if isinstance(value, str) and value:
            yield from _texts(value)


def _shown(value: Any, named: bool) -> Any:
    """A literal without folders; `named` where a text is a data set or a path."""
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(_shown(v, named=False) for v in value)
    if isinstance(value, dict):
        return {_shown(k, named=False): _shown(v, named=False) for k, v in value.items()}
    if not isinstance(value, str):
        return value
    known = value.partition("(")[0].strip() in DATASETS
    if named or (known and "(" in value):
        return public(value)
    return _last(value) if _ABSOLUTE.match(value.strip()) else value


def _last(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]
