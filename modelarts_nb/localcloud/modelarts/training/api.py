"""All calls of training jobs: importing a module of these registers its routes."""

from modelarts_nb.localcloud.modelarts.training import calls, catalog, life, listing, logs, records

REGISTERED = (calls, catalog, life, listing, logs, records)
