"""Who is calling, and what they may do: tokens, policies, roles, members, conditions."""
