"""Every message, theirs and ours, in its place in its conversation."""
