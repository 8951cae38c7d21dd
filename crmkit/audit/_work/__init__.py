"""Audit work: plans, detectors, findings, evidence."""
