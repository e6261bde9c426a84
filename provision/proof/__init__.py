"""Looking from outside at who can call, and judging what comes back."""
