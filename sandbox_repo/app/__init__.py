"""The ingest service behind a.ado.im."""
