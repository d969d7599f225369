"""Tests of the review: checks, waivers and comparison of snapshots."""
