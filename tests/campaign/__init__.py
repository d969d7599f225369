"""Tests of campaigns: their sheets, on the way out and on the way back."""
