"""Forms of steps that keep nobody waiting: what a table with rows gets in place of the short statement."""
