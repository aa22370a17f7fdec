"""X, y and sample_weight at the door: whatever they are, they leave as a design matrix, positions and floats, or raise.

    reader              what `fit` learns of X, and what later calls hold it to
    codes_or_matrix     codes and design matrices, told apart
    tables, column      tables of strings and numbers, column by column
    column_encoder      what is learned of columns
    labels              y
    sample_weights      sample_weight, times class_weight

Messages name field or column, row and value, and say what to pass instead.
"""
