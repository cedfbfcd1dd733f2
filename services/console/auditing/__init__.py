"""`linkway audit`: who read and wrote what about whom, and whether that was tampered with."""
