import pytest

from services.console.importing.opening import Session, sessions

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR")


@pytest.mark.parametrize(
    ("words", "read"),
    [
        (
            "Tuesday 11.00-13.00; Friday 14.30-16.00",
            (Session(("TU",), "11:00", "13:00"), Session(("FR",), "14:30", "16:00")),
        ),
        ("Monday to Friday 9.00-12.00", (Session(WEEKDAYS, "09:00", "12:00"),)),
        ("Mon-Fri: 9am \N{EN DASH} 5pm", (Session(WEEKDAYS, "09:00", "17:00"),)),
        ("Mon, Wed & Fri 10:00 to 12:00", (Session(("MO", "WE", "FR"), "10:00", "12:00"),)),
        ("Saturday to Monday 10.00-16.00", (Session(("MO", "SA", "SU"), "10:00", "16:00"),)),
        ("Wednesday 12.30", (Session(("WE",), "12:30", None),)),
        ("Thursdays 1-3pm", (Session(("TH",), "13:00", "15:00"),)),
        ("Thu 10-12pm", (Session(("TH",), "10:00", "12:00"),)),
        ("daily 10-4pm", (Session((*WEEKDAYS, "SA", "SU"), "10:00", "16:00"),)),
    ],
)
def test_common_ways_of_writing_opening_times_are_read(
    words: str, read: tuple[Session, ...]
) -> None:
    assert sessions(words) == read


@pytest.mark.parametrize(
    "words",
    [
        "",
        "by appointment",
        "Tue 10.00-12.00; otherwise ring",
        "Tue 2-4",
        "Tue 12am-9pm",
        "Tue 10am-2",
        "Tue 12.00-11.00",
        "Tue 25.00-26.00",
        "Tue 10.75-11.00",
        "first Monday of the month 10.00-12.00",
    ],
)
def test_words_not_understood_in_full_give_no_times_at_all(words: str) -> None:
    assert sessions(words) == ()
