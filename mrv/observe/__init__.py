"""Observe: from evidence to mapped activity data, by an optical detector or from extent epochs."""
