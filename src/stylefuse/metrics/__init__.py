"""Metrics: functions of tensors or features that measure results."""
