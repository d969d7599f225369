"""What snapshots give to think about: findings in one run, changes between two. Pure."""
