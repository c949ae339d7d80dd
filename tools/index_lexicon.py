"""Write intake/understand/data/classify_terms.txt: `python tools/index_lexicon.py`, after every change of the lexicon.

A test fails while the file does not fit ``lexicon.tsv``, ``classify_cues.tsv`` and the taxonomy.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from intake.understand.classify.lexicon import classes_of  # noqa: E402
from intake.understand.classify.taxonomy import taxonomy  # noqa: E402
from intake.understand.classify.terms import INDEX, write_terms  # noqa: E402

if __name__ == "__main__":
    ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter).parse_args()
    target = ROOT / "intake" / "understand" / "data" / INDEX
    text = write_terms(taxonomy(), classes_of(taxonomy()))
    target.write_text(text, encoding="utf-8")
    print(f"{target.name}: {len(text) // 1024} KB")
