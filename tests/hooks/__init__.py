"""Tests of mixsvc.hooks."""
