"""Is an environment healthy? Every finding says what is wrong, and what mends it."""

from modelarts_nb.envs.health.run import check, fix

__all__ = ["check", "fix"]
