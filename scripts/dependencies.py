"""Print what pyproject.toml needs, with the named extras and the build tools: for `pip install -r`.

Installing dependencies apart from the package keeps Node out of this step.
"""

from __future__ import annotations

import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

path, *extras = sys.argv[1:]
with open(path, "rb") as stream:
    pyproject = tomllib.load(stream)
project = pyproject["project"]
wanted = [*project["dependencies"], *pyproject["build-system"]["requires"], "editables"]
for extra in extras:
    wanted += project["optional-dependencies"][extra]
print("\n".join(sorted(set(wanted))))
