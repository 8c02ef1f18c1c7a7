"""Tests of the service and of the configuration around it; they need no network and no nginx."""
