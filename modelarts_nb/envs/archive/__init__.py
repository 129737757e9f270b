"""Archives: one environment as one file, and back.

Nothing is imported here: of the processes that work on an archive each needs only a part.
"""
