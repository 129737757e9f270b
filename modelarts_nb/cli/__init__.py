"""The ``ma`` command tree. A face: it parses, calls and shows; what it calls decides."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Entry point of ``ma``.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 name taken, 4 not found, 5 disk, 6 busy,
    7 archive, 8 unsolvable, 9 network, 10 engine, 11 tampered, 12 cloud, 130 cancelled.
    """
    if sys.argv[1:2] == ["--complete"]:
        from modelarts_nb.cli.completion import candidates

        print("\n".join(candidates(sys.argv[2:])))
        return
    # The entries of a large tree are no garbage: going through them again and again, as they become
    # more, costs a clone of 46,000 files a sixth of its processor time (measured).
    gc.set_threshold(100_000, 20, 20)
    if sys.argv[1:3] == ["env", "list"] and "--disk" not in sys.argv:
        from modelarts_nb.envs.ahead import look_ahead

        look_ahead()
    from modelarts_nb.cli.tree import ma

    ma(prog_name="ma")
