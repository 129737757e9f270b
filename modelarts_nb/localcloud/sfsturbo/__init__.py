"""SFS Turbo v1: shares, whose folders are real ones in the state folder.

What it cannot do: enforce a quota while somebody writes, or keep one machine's address out; it
keeps both and shows them.
"""
