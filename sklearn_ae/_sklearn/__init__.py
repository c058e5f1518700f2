"""All that touches scikit-learn's inner names: validation, callbacks, HTML."""
