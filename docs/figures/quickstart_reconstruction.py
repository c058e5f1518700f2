"""Held-out digits, and what a code of eight components makes of them."""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer, ReconstructionDisplay

X_train, X_test = train_test_split(load_digits().data, random_state=0)
ae = AutoencoderTransformer(n_components=8, random_state=0).fit(X_train)
ReconstructionDisplay.from_estimator(ae, X_test, image_shape=(8, 8))
