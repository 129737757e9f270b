"""Hot files: what kernels of open environments on a slow disk need first, on the local disk.

A kernel notes what it has used (``kernel/record.py``). A mirror of that is filled on the local disk
(``kernel/fill.py``), and kernels import from it as long as the tree says that nothing has changed
(``kernel/mirror.py``, ``kernel/imports.py``). ``docs/hot.md`` has the whole picture.
"""
