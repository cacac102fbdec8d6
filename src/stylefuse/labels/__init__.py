"""The label that says that a picture was made by AI: written, read back, signed, verified."""
