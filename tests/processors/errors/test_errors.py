"""Errors are made up in the style that is asked for, from texts that a user can extend."""

from __future__ import annotations

from pathlib import Path

import pytest

from processors.errors import MadeUp, Styles, StylesError, make_up


def made(style: str, seed: str = "a/b/16") -> list[MadeUp]:
    return make_up(Styles.load().styles[style], seed, beat=16, section="verse", tempo_bpm=120.0)


def test_there_are_the_five_styles_of_the_rhythm_service() -> None:
    assert set(Styles.load().styles) == {"minimal", "basic", "business", "chaotic", "philosophical"}


def test_each_style_says_what_it_promises() -> None:
    for number in range(50):
        (minimal,) = made("minimal", str(number))
        assert len(minimal.message) < 25
        (basic,) = made("basic", str(number))
        assert basic.component
        (business,) = made("business", str(number))
        assert business.location
        assert 3 <= len(made("chaotic", str(number))) <= 6
        (philosophical,) = made("philosophical", str(number))
        assert philosophical.governing_body
        for error in (minimal, basic, business, philosophical):
            assert "{" not in error.message


def test_the_same_trigger_makes_the_same_errors_and_others_make_others() -> None:
    assert made("chaotic") == made("chaotic")
    assert len({made("business", str(number))[0].message for number in range(40)}) > 20


def test_a_user_can_add_a_style(tmp_path: Path) -> None:
    file = tmp_path / "styles.yaml"
    file.write_text(
        "styles: {pun: {messages: ['{component} is off {beat}'], codes: [P], severities: [info], components: [It]}}"
    )
    (error,) = make_up(Styles.load(file).styles["pun"], "seed", beat=3, section="verse", tempo_bpm=90.0)
    assert error == MadeUp("P", "info", "It is off 3", "It", None, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("styles: {}", "at least 1 item"),
        ("styles: {a: {messages: ['{who}'], codes: [c], severities: [info]}}", "uses who, which is not given"),
        ("styles: {a: {messages: ['{location}'], codes: [c], severities: [info]}}", "has no texts for it"),
        ("styles: {a: {messages: [m], codes: [c], severities: [awful]}}", "Input should be 'debug'"),
        ("styles: {a: {messages: [m], codes: [c], severities: [info], burst: [1, 1000]}}", "at most 32"),
        ("styles: [", "no YAML"),
    ],
)
def test_styles_that_cannot_be_used_say_why(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "styles.yaml"
    file.write_text(text)
    with pytest.raises(StylesError, match=reason):
        Styles.load(file)


def test_the_default_rules_ask_for_styles_that_there_are() -> None:
    from processors.triggers import Rules

    asked = {error_type for rule in Rules.load().rules for error_type in rule.error_types.values()}
    assert asked <= set(Styles.load().styles)
