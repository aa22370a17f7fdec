"""X, y and sample_weight at the door: whatever they are, they leave as a design matrix, positions and floats, or raise.

    reader                  what `fit` learns of X, and what later calls hold it to
    codes_or_matrix         arrays and sparse matrices: codes or a design matrix?
    tables, column          DataFrames and arrays of strings, column by column
    column_encoder          what is learned of columns
    categorical_features    which columns are fields, where the parameter says so
    misreadings             warnings of input that is probably not what it is read as
    category_codes          a column of categories as codes
    python_objects          lists and arrays of Python objects, read as numbers
    policies                handle_unknown and handle_missing
    labels                  y
    sample_weights          sample_weight, times class_weight

Messages name field or column, row and value, and say what to pass instead.
"""
