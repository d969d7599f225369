"""Tests of the emulated AWS: as strict as AWS, and in the shapes that botocore knows."""
