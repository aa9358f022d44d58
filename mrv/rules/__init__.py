"""Rules: what a statement's own tables must satisfy; applied when it is made and again by whoever checks it."""
