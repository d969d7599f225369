"""Trouble looked for: random worlds and faults, kills, leaks, nonsense; `make torture` runs the long ones."""
