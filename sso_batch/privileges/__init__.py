"""What permission sets allow: their policies' documents, evaluated. Pure."""
