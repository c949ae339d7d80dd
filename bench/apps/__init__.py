"""Applications to measure ours against: written for the bench, used nowhere else."""
