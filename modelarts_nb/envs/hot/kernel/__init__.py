"""What runs inside kernels, and what it shares with the tool: standard library only, Python 3.7+.

The files are copied into the home and run by the interpreters of environments (``launch.sh``), as
the package ``_modelarts_nb_hot``. Before hot files are in use every module costs round trips, so
they import only what an interpreter has loaded when it starts, and anything else late.
"""
