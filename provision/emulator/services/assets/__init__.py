"""Cloud Asset Inventory v1: what there is, and its policies, as the inventory writes them."""
