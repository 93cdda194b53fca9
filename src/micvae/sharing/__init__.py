"""Runs in the hands of others: exported networks, codes as tables, repositories of models."""
