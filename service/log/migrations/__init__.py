"""The schema of the log, step by step; ``service.log.database`` runs them."""
