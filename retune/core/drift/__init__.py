"""What a model meets now against what it was trained on: measured, named, and whether it calls for a training."""
