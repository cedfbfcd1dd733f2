"""`linkway kafka`: topics, users and rules of access, made by whoever runs Kafka."""
