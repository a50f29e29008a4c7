"""Voting methods: one module each behind ``base.Method``; integers and exact fractions only."""
