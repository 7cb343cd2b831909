"""How fast it is, as ratios against plain baselines in the same run: `make bench`."""
