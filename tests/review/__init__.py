"""What is made of snapshots."""
