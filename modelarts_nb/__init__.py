"""Environments on a network disk that come back by themselves after a notebook restarts.

Runs in other people's interpreters (kernels of Python 3.7, Jupyter servers of 3.9), so this file
imports nothing: ``from modelarts_nb import envs`` loads what it names (also ``notebook``,
``storage``, ``ssh`` and ``cloud``).
"""

__version__ = "0.1.0"


def load_ipython_extension(ipython):  # type: ignore[no-untyped-def]
    """``%load_ext modelarts_nb``: register ``%ma``."""
    from modelarts_nb import magics

    magics.load(ipython)


def _jupyter_labextension_paths():  # type: ignore[no-untyped-def]
    return [{"src": "labextension", "dest": "modelarts_nb"}]


def _jupyter_server_extension_points():  # type: ignore[no-untyped-def]
    from modelarts_nb import server

    return server._jupyter_server_extension_points()
