"""The independent services of Linkway, one room each; none imports another."""
