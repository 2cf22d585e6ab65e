"""From curves and limits to amounts, by a piecewise linear concave program (SCIENCE 4, 5, 7)."""
