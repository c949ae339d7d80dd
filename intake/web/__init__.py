"""The pages and doors of the house: form and tracking for citizens, desk, hooks, health, lab."""
