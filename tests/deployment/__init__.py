"""Tests of the Kubernetes manifests and the alerts."""
