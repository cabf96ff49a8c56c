"""How fast classbook is, as ratios against things everybody knows. See README.md beside this file."""
