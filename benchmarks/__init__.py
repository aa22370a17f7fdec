"""How fast, how large, and compared to what: the asv suite.

    asv run --python=same --quick        every benchmark once
    asv publish                          pages of all results
    python -m benchmarks.report          RESULTS.md and its pictures, from the results of the commit that is checked out

Results are kept only where asv is told which commit they are of: ``--set-commit-hash $(git rev-parse HEAD)``.
"""
