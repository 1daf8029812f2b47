"""LightGBM without what only its scikit-learn face uses, for a process that never trains.

Where they are installed, `import lightgbm` imports pandas and scikit-learn: 0.8 s of processor and
about 45 MB that a server would hold for nothing, since it gives it arrays.
"""

from __future__ import annotations

import sys

#: what `lightgbm.compat` tries to import, and does without
_OPTIONAL = ("pandas", "sklearn", "dask", "matplotlib", "graphviz")


def import_lightgbm() -> None:
    """Import LightGBM as if pandas and scikit-learn were not installed; they still can be imported.

    To be called before any thread starts. What is imported already stays as it is.
    """
    absent = [name for name in _OPTIONAL if name not in sys.modules]
    for name in absent:
        # None makes `import` fail as it does for a package that is not there.
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        import lightgbm  # noqa: F401
    finally:
        for name in absent:
            del sys.modules[name]
