"""The error of a policy that cannot be understood."""


class PolicyInvalid(Exception):
    """A policy document that is not understood as a whole; the text says what is wrong."""
