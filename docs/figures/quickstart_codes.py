"""Held-out digits as codes of two components."""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer, CodeDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
plane = AutoencoderTransformer(n_components=2, random_state=0).fit(X_train)
CodeDisplay.from_estimator(plane, X_test, y_test)
