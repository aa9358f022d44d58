"""A log and a witness for every test here."""

from support.log_fixtures import log, one  # noqa: F401 - fixtures
