"""What is deployed: the manifests as kubectl renders them, the alerts, and how both hold to the program."""
