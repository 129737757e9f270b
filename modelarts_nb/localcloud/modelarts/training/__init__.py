"""Training jobs: real processes, one per task, with logs, events, metrics, SSH and ``exec``.

Jobs are everybody's in their workspace who has the right. What is not public and was chosen is said
where it is chosen, and in ``docs/local-cloud.md``.
"""
