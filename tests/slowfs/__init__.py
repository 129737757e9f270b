"""A disk as slow as a network disk, which fails on purpose."""
