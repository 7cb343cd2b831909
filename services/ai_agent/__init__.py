"""What a message means: with a model, or with the local analyzer."""
