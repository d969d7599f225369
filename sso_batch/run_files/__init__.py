"""A run's own files: names, snapshots, access CSVs, manifest, verification."""
