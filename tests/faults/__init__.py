"""Kills, failing disks, two hosts, sources that change: the old state or the new, never half.

``make test`` runs a seeded sample; ``benchmarks/soak.py`` the full counts.
"""
