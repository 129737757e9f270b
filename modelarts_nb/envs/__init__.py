"""Conda environments: inspect, create, clone, relocate, archive, kernels, check."""
