"""Questions put to the model: one run, comparisons, scans, calibrations."""
