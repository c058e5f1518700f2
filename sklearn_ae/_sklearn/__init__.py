"""Everything that uses scikit-learn's private names: validation, callbacks, HTML."""
