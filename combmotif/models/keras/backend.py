"""Keras 3 on its torch backend, imported when the first Keras file is opened."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def import_keras() -> Any:
    """Import Keras with torch as its backend, whatever a user's own settings of Keras say.

    Returns
    -------
    module
        ``keras``, version 3.

    Raises
    ------
    ValueError
        If Keras is not installed, is older than version 3, or is imported already with another backend.
    """
    if "keras" not in sys.modules:
        # Keras reads its backend once, on import, and would write a settings file into the user's home
        with TemporaryDirectory(prefix="combmotif-") as home, _environment(KERAS_BACKEND="torch", KERAS_HOME=home):
            try:
                import keras  # noqa: F401
            except ImportError as error:
                raise ValueError(
                    f"a Keras file needs the package keras, version 3, which cannot be imported ({error}); run: "
                    f"pip install 'combmotif[keras]'"
                ) from None
    found = sys.modules["keras"]
    version = str(getattr(found, "__version__", "2"))
    if int(version.split(".")[0]) < 3:
        raise ValueError(
            f"a Keras file needs Keras 3, found keras {version}; run: pip install 'combmotif[keras]', in an "
            f"environment of its own where another program needs the old one"
        )
    backend = found.backend.backend()
    if backend != "torch":
        raise ValueError(
            f"Keras has been imported with the backend '{backend}' before, and has one backend per process; expected "
            f"'torch': set os.environ['KERAS_BACKEND'] = 'torch' before the first import of keras, or open the file in "
            f"a process of its own"
        )
    return found
