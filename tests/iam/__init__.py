"""The policies, held against the table of operations, cfn-lint and the emulator."""
