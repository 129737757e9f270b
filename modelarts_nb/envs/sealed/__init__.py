"""Sealed environments: images on the disk, versions that name them, local copies that run.

``versions`` and ``images`` are what is on the persistent disk, ``slots`` what is on the local one.
"""
