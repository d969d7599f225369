"""Requests as they come over the wire, and answers as they go: HTTP, AWS's three protocols, signatures."""
