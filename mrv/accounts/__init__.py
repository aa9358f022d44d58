"""Accounts: from activity data, factors, plots and what the project states to tonnes and their draws."""
