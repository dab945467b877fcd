"""The yardstick for the intent classifier: scikit-learn's linear SVM over TF-IDF features.

    pip install scikit-learn
    python reference.py train.tsv test.tsv

Same files and same figures as `cargo run --release -p language --example evaluate`.
"""

import sys
import time

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC


def read(path):
    with open(path, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t", 1) for line in lines if line.strip()]
    return [row[0] for row in rows], [row[1] for row in rows]


train_intents, train_texts = read(sys.argv[1])
test_intents, test_texts = read(sys.argv[2])
words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
model = make_pipeline(make_union(words, characters), LinearSVC())

started = time.time()
model.fit(train_texts, train_intents)
print(f"train        {time.time() - started:.2f} s for {len(train_texts)} examples")
margins = model.decision_function(test_texts)
best = model.classes_[margins.argmax(axis=1)]
inside = [intent != "oos" for intent in test_intents]
right = [guess == intent for guess, intent in zip(best, test_intents)]
print(f"accuracy     {sum(right) / sum(inside):.4f} of {sum(inside)} in scope")
if not all(inside):
    print(f"AUROC        {roc_auc_score(inside, margins.max(axis=1)):.4f} (highest margin)")
