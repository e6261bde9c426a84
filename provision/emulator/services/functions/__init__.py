"""Cloud Functions: v1 (first generation) and v2 (second generation, and what there is of both)."""
