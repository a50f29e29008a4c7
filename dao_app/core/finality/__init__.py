"""Checkpoints, certificates and who may sign them; one trusted witness in these rules, the format of many."""
