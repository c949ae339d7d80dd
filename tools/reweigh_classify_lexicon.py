"""Lower the weight of lexicon terms that speak for the wrong topic group too often in texts that may be looked at.

`python tools/reweigh_classify_lexicon.py` reads the trained half of the project's corpus (never a held-back row), counts
for every term how often it stood in a text of its own group, and lowers weights in ``lexicon.tsv`` in place. Weights
never rise, so that running it again changes less and less; a term that is almost always wrong is taken out. Then run
`python tools/index_lexicon.py`.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from intake.commands.examples import OWN_CORPUS, read_examples  # noqa: E402
from intake.understand.classify.lexicon import lexicon  # noqa: E402

LEXICON = ROOT / "intake" / "understand" / "data" / "lexicon.tsv"
_PRIOR_HITS, _PRIOR_RIGHT, _ENOUGH, _LEAST = 4.0, 0.65, 3, 0.3


def count_hits() -> dict[tuple[str, str], tuple[int, int]]:
    """Return (class, term) → (hits, hits in texts of its own group)."""
    known = lexicon()
    topics = known.taxonomy.topics
    counted: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    limit = len(known.topics) + len(known.groups)
    for name in OWN_CORPUS:
        for example in read_examples(ROOT / name, known):
            if example.held_back or example.topic is None or example.topic == "LLN.01":
                continue
            group = topics[example.topic].group
            for hit in known.read(example.text).hits:
                for number, _ in hit.worth:
                    if number < limit:
                        about = known.classes[number]
                        own = topics[about].group if about in topics else about
                        counted[about, hit.term][0] += 1
                        counted[about, hit.term][1] += own == group
    return {key: (hits, right) for key, (hits, right) in counted.items()}


def main() -> None:
    """Rewrite the lexicon."""
    counted = count_hits()
    lines, changed = [], 0
    collected: dict[tuple[str, float], list[str]] = defaultdict(list)
    for line in LEXICON.read_text("utf-8").splitlines():
        if line.startswith("#"):
            lines.append(line)
            continue
        about, weight, terms = line.split("\t")
        for term in (part.strip() for part in terms.split(",")):
            hits, right = counted.get((about, term), (0, 0))
            value = float(weight)
            if hits >= _ENOUGH:
                share = (right + _PRIOR_HITS * _PRIOR_RIGHT) / (hits + _PRIOR_HITS) / _PRIOR_RIGHT
                lowered = round(value * min(1.0, share), 1)
                changed += lowered != value
                value = lowered
                if share < _LEAST:
                    continue
            collected[about, value].append(term)
    order = list(dict.fromkeys(about for about, _ in collected))
    for (about, value), terms_of in sorted(collected.items(), key=lambda item: (order.index(item[0][0]), -item[0][1])):
        lines.append(f"{about}\t{value:g}\t{', '.join(terms_of)}")
    LEXICON.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{changed} weights lowered")


if __name__ == "__main__":
    ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter).parse_args()
    main()
