"""What several tests share: records, worlds, an oracle, servers on loopback."""
