"""How budgets, matching pools, reputation and delegated power are computed: pure, exact, nothing of rules or state."""
