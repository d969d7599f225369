"""The program as a user runs it: on the emulator, whose right answer is known, and on moto."""
