"""Which passwords are taken: by length and by what everybody tries, never by kinds of signs."""

from __future__ import annotations

import pytest

from intake.domain.password import LONGEST, SHORTEST, WeakPassword, check_password, common_words


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("pendek", "short"),
        ("x" * (SHORTEST - 1), "short"),
        ("kuda hijau " * 40, "long"),
        ("aaaaaaaaaaaaaaaa", "simple"),
        ("abababababababab", "simple"),
        ("1234567890123", "simple"),
        ("qwertyuiop123", "simple"),
        ("0987654321098", "simple"),
        ("Password2026!", "common"),
        ("P@ssw0rd!2026", "common"),
        ("rahasia-rahasia", "common"),
        ("SayangkuSayangku1", "common"),
        ("Indonesia Merdeka", "common"),
        ("MuaraEnim2026!!", "common"),
        ("admin.sahut.2026", "common"),
    ],
)
def test_what_is_tried_first_is_refused(password: str, why: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        check_password(password)
    assert refused.value.why == why


@pytest.mark.parametrize(
    "password",
    [
        "kuda hijau lompat pagar",
        "sandal jepit di atas genteng",
        "hujan-sejak-subuh-tadi",
        "kelapa muda 3 butir",
        "merdeka rahasia kucing garuda",  # words of the list, but enough of them
        "日本語のパスワードです",
    ],
)
def test_words_nobody_puts_together_are_taken(password: str) -> None:
    password = password.ljust(SHORTEST, "!") if len(password) < SHORTEST else password
    check_password(password)


def test_no_kind_of_sign_is_asked_for() -> None:
    check_password("semuanyahurufkecildantanpaangka")


def test_ones_own_name_makes_it_no_better() -> None:
    check_password("zulfikar hamzah")
    with pytest.raises(WeakPassword):
        check_password("zulfikar hamzah", about=("zulfikar", "Zulfikar Hamzah"))


def test_the_longest_that_is_taken_is_really_taken() -> None:
    check_password(("kelapa muda tiga butir " * 20)[:LONGEST])


def test_the_list_is_folded_and_has_no_word_twice() -> None:
    words = common_words()
    assert len(words) > 150
    assert all(word.isascii() and word.isalpha() and word == word.lower() for word in words)
