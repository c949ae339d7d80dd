"""A multinomial regression in which every topic group trusts the lexicon equally. For `sahut train` only.

What surprises: one weight is shared by all groups for "the lexicon's score of this group"; a weight of its own for each
pair of groups needs thousands of labels and did worse than the lexicon alone with 800.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassifierMixin

_STEPS = 80


class TiedRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn publishes no types
    """Expects columns: one a group in the order of ``groups``, then whatever else; fitted by L-BFGS with L2."""

    def __init__(self, groups: list[str], words_penalty: float = 3.0, other_penalty: float = 1.0) -> None:
        """Keep the names of the first columns, and how strongly words and biases are held back."""
        self.groups = groups
        self.words_penalty = words_penalty
        self.other_penalty = other_penalty

    def fit(self, matrix: Any, truth: Any) -> TiedRegression:
        """Fit; ``truth`` holds group names."""
        self.classes_ = np.unique(truth)
        place = {name: number for number, name in enumerate(self.groups)}
        own = [place[name] for name in self.classes_]
        width, count, total = len(self.groups), len(self.classes_), matrix.shape[1]
        scores = np.asarray(matrix[:, own].todense())
        rest = matrix[:, width:].tocsr()
        turned = rest.T.tocsr()
        right = np.searchsorted(self.classes_, truth)
        wanted = np.eye(count)[right]
        rows = np.arange(len(right))

        def loss(packed: Any) -> tuple[float, Any]:
            trust, bias, weights = packed[0], packed[1 : 1 + count], packed[1 + count :].reshape(-1, count)
            logits = trust * scores + bias + rest @ weights
            logits = logits - logits.max(axis=1, keepdims=True)
            chances = np.exp(logits)
            chances /= chances.sum(axis=1, keepdims=True)
            value = -np.log(chances[rows, right] + 1e-12).sum()
            value += 0.5 * self.words_penalty * (weights**2).sum() + 0.5 * self.other_penalty * bias @ bias
            wrong = chances - wanted
            slope = turned @ wrong + self.words_penalty * weights
            parts = [[(wrong * scores).sum()], wrong.sum(axis=0) + self.other_penalty * bias, slope.ravel()]
            return float(value), np.concatenate(parts)

        start = np.zeros(1 + count + (total - width) * count)
        start[0] = 1.0
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS, "maxcor": 5}).x
        self.intercept_ = found[1 : 1 + count]
        self.coef_ = np.zeros((count, total))
        self.coef_[:, width:] = found[1 + count :].reshape(-1, count).T
        self.coef_[np.arange(count), own] = found[0]
        return self

    def predict_log_proba(self, matrix: Any) -> Any:
        """Return the logarithm of each class's probability."""
        logits = np.asarray(matrix @ self.coef_.T) + self.intercept_
        logits = logits - logits.max(axis=1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))

    def predict(self, matrix: Any) -> Any:
        """Return the most probable class."""
        return self.classes_[self.predict_log_proba(matrix).argmax(axis=1)]
