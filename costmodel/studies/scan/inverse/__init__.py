"""What it takes to meet a target: inverse questions, and how much a run depends on each figure."""
