"""The texts persons are sent: short, plain, and silent about what is nobody else's business."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.notifications.domain.news import TEMPLATES
from services.notifications.wording import Text, Wording, wording

LONG_NAME = "Maximiliana-Isabella"
START = datetime(2026, 9, 30, 11, 30, tzinfo=UTC)  # a Wednesday: the longest of dates
GSM_7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""3GPP TS 23.038, the basic alphabet: any other character makes a text message cost double."""

SENSITIVE = re.compile(
    r"\b(need|needs|mental|depress\w*|anxi\w*|lonel\w*|debt|money|benefits?|housing|homeless\w*"
    r"|abuse|violence|safeguard\w*|alcohol|drugs?|addict\w*|bereave\w*|suicid\w*|health|illness"
    r"|diagnos\w*|nhs|gp|doctor|practice|clinic|hospital|carer|disab\w*|prescrib\w*|referr\w*"
    r"|consent|case|postcode|address)\b",
    re.IGNORECASE,
)
REVEALING = re.compile(r"\b(appointment|link worker|service|waiting list|place)\b", re.IGNORECASE)


def every_text(channel: str, *, neutral: bool) -> list[tuple[str, Text]]:
    texts = wording()
    return [
        (
            each.name,
            texts.render(
                each.name,
                channel=channel,  # type: ignore[arg-type]  # a channel by name
                language=language,
                neutral=neutral,
                given_names=LONG_NAME,
                start=START,
                mode="telephone",
            ),
        )
        for each in texts.listed()
        for language in each.languages
    ]


def test_there_are_words_for_all_that_persons_are_told_of_and_no_others() -> None:
    assert wording().names == TEMPLATES


@pytest.mark.parametrize("neutral", [False, True])
def test_every_text_message_fits_two_segments(*, neutral: bool) -> None:
    for name, text in every_text("sms", neutral=neutral):
        assert set(text.body) <= set(GSM_7), name
        assert len(text.body) <= 2 * 153, name
        assert text.subject == ""


@pytest.mark.parametrize("neutral", [False, True])
@pytest.mark.parametrize("channel", ["sms", "email", "letter"])
def test_no_text_says_anything_sensitive(channel: str, *, neutral: bool) -> None:
    for name, text in every_text(channel, neutral=neutral):
        said = f"{text.subject} {text.body}".replace("You need do nothing", "").replace(
            "If you need to", ""
        )
        assert not SENSITIVE.search(said), name
        assert "$" not in said, name


@pytest.mark.parametrize("channel", ["sms", "email", "letter"])
def test_neutral_words_do_not_say_what_it_is_about(channel: str) -> None:
    for name, text in every_text(channel, neutral=True):
        assert not REVEALING.search(f"{text.subject} {text.body}"), name


def test_a_reminder_reads_well() -> None:
    text = wording().render(
        "appointment-reminder",
        channel="sms",
        given_names="Sam Alex",
        start=datetime(2026, 7, 7, 13, 5, tzinfo=UTC),
        mode="telephone",
    )
    assert text.body == (
        "Hello Sam. A reminder of your appointment on Tuesday 7 July at 2:05pm, by telephone. "
        "If you cannot come, please tell your link worker."
    )
    assert (text.version, text.language) == (1, "en")


@pytest.mark.parametrize("names", [None, "", "Wolfeschlegelsteinhausenbergerdorff"])
def test_a_name_that_is_not_known_or_does_not_fit_is_left_out(names: str | None) -> None:
    text = wording().render("referral-received", channel="sms", given_names=names)
    assert text.body.startswith("Hello. A link worker")


def test_the_language_of_the_person_is_used_where_there_is_one() -> None:
    polish = wording().render(
        "appointment-reminder", channel="email", language="pl", start=START, mode="video"
    )
    assert (polish.language, polish.subject) == ("pl", "Przypomnienie o spotkaniu")
    assert "30/09/2026 12:30" in polish.body


@pytest.mark.parametrize("language", ["cy", "en-GB", None])
def test_the_language_falls_back_to_english(language: str | None) -> None:
    text = wording().render("still-waiting", channel="email", language=language)
    assert (text.language, text.subject) == ("en", "You are still on the waiting list")


def test_a_new_version_is_used_and_the_old_one_can_still_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "still-waiting"
    folder.mkdir()
    for version in (1, 2, 10):
        (folder / f"{version}.en.toml").write_text(
            f'summary = "s"\n[sms]\ntext = "v{version}"\nneutral = "n"\n[long]\nsubject = "s"\n'
            'body = "b"\nneutral_subject = "s"\nneutral_body = "b"\n'
        )
    own = Wording(tmp_path)
    assert own.render("still-waiting", channel="sms").body == "v10"
    assert own.render("still-waiting", channel="sms", version=2).body == "v2"
    assert own.listed()[0].versions == [1, 2, 10]


def test_a_file_that_lacks_its_neutral_words_is_refused(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "1.en.toml").write_text('summary = "s"\n[sms]\ntext = "t"\n')
    with pytest.raises(ValidationError):
        Wording(tmp_path)


def test_a_file_of_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "draft.toml").write_text("")
    with pytest.raises(ValueError, match=r"1\.en\.toml"):
        Wording(tmp_path)
