"""HTTP: what a request is, who sent it, which service answers it, and in what shape."""
