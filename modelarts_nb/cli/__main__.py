"""``python -m modelarts_nb.cli``: how the magic and the ``ma`` wrapper start the tool."""

from modelarts_nb.cli import main

main()
