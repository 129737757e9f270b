"""The data plane: what a notebook of the local cloud is made of on this machine.

Folders, processes, storage and an SSH server per notebook. It knows no HTTP and no database: the
ModelArts service tells it what to start and stop.
"""
