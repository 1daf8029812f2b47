"""Print ``uv.lock`` as a requirements file with hashes, for this interpreter and platform.

Run by the environment's own Python (3.11 or newer), before anything but pip is installed.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

try:
    from packaging.markers import Marker
except ModuleNotFoundError:  # a fresh environment: pip carries its own
    from pip._vendor.packaging.markers import Marker  # type: ignore[no-redef]


def requirements(lock: dict[str, Any]) -> list[str]:
    """Return one ``name==version --hash=...`` line for each package that the project needs here.

    Walks the graph from the project itself, development group included, along the edges whose
    marker holds for this interpreter. An edge names a version when the lock holds several.
    """
    packages: dict[str, list[dict[str, Any]]] = {}
    for package in lock["package"]:
        packages.setdefault(package["name"], []).append(package)
    project = next(p for p in lock["package"] if "editable" in p["source"])
    edges = [*project.get("dependencies", []), *project.get("dev-dependencies", {}).get("dev", [])]
    seen: set[tuple[str, str]] = set()
    chosen: dict[str, str] = {}
    while edges:
        edge = edges.pop()
        if "marker" in edge and not Marker(edge["marker"]).evaluate({"extra": ""}):
            continue
        package = next(
            p for p in packages[edge["name"]] if edge.get("version", p["version"]) == p["version"]
        )
        for extra in ("", *edge.get("extra", [])):
            if (package["name"], extra) in seen:
                continue
            seen.add((package["name"], extra))
            optional = package.get("optional-dependencies", {})
            edges += optional.get(extra, []) if extra else package.get("dependencies", [])
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        hashes = " ".join(f"--hash={file['hash']}" for file in files)
        chosen[package["name"]] = f"{package['name']}=={package['version']} {hashes}"
    return [chosen[name] for name in sorted(chosen)]


if __name__ == "__main__":
    content = Path(sys.argv[1]).read_text(encoding="utf-8")
    sys.stdout.write("\n".join(requirements(tomllib.loads(content))) + "\n")
