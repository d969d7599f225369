"""Runs: all organizations in parallel, each isolated from the others' failures; resume, shards and merge.

Nothing is imported here, because worker processes need only a part of it.
"""
