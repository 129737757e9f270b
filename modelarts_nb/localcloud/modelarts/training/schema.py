"""The tables of training jobs, part of ModelArts' own."""

SCHEMA = """
CREATE TABLE modelarts_job (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, created INTEGER NOT NULL, document TEXT NOT NULL
);
CREATE INDEX modelarts_job_project ON modelarts_job (project_id, created);
CREATE TABLE modelarts_job_event (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL REFERENCES modelarts_job ON DELETE CASCADE,
    at INTEGER NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL, source TEXT NOT NULL
);
CREATE INDEX modelarts_job_event_job ON modelarts_job_event (job_id, number);
CREATE TABLE modelarts_job_metric (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL REFERENCES modelarts_job ON DELETE CASCADE,
    task TEXT NOT NULL, cpu REAL NOT NULL, memory REAL NOT NULL
);
CREATE INDEX modelarts_job_metric_task ON modelarts_job_metric (job_id, task, number)
"""
