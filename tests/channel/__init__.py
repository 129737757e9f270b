"""A real conda channel made from this machine's interpreters and from wheels."""
