"""IAM: who there is, what they may, and the keys that prove it."""
