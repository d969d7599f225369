"""The pages of a campaign: its sign-off and its proofs, to print."""
