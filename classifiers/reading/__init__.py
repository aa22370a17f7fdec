"""X, y and sample_weight at the door: whatever they are, they leave as a design matrix, positions and floats, or raise.

reader             what `fit` learns of X, and what later calls hold it to
codes_or_matrix    codes and design matrices, told apart
columns, tables    tables of strings and numbers, column by column
labels             y
sample_weights     sample_weight, times class_weight
"""
