"""What is claimed to be fast is shown here, as ratios within one run (``make bench``)."""
