"""Runs in the hands of others: codes as tables, exported networks, repositories of models."""
