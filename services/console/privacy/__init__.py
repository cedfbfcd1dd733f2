"""Commands about a person's rights: erasure, a copy of their data, records past their time."""
