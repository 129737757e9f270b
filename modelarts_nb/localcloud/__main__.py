"""``python -m modelarts_nb.localcloud up|down|status|reset|serve``.

Each prints one line of JSON: what it did, or ``{"error": {"message", "hint"}}`` with exit code 1.
``ma local`` runs these and shows them.
"""

from __future__ import annotations

import sys

from modelarts_nb.localcloud.control import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
