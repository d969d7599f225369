"""The review of snapshots: findings in one run and changes between two. Pure."""
