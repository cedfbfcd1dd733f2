from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vault import BlindIndex, Opener, Unreadable, is_sealed

KEY, OTHER = Opener(b"k" * 32), Opener(b"o" * 32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(value=JSON)
def test_what_is_sealed_opens_as_it_was(value: object) -> None:
    assert KEY.open(KEY.seal(value, "here"), "here") == value


def test_a_sealed_value_shows_nothing_of_itself_and_never_looks_the_same() -> None:
    first, second = KEY.seal("Testperson", "here"), KEY.seal("Testperson", "here")

    assert is_sealed(first)
    assert first != second
    assert b"Testperson" not in b64decode(first.removeprefix("sealed:1:"))


def test_a_sealed_value_opens_under_its_own_key_alone() -> None:
    with pytest.raises(Unreadable):
        OTHER.open(KEY.seal("Testperson", "here"), "here")


def test_a_sealed_value_put_into_another_place_does_not_open() -> None:
    with pytest.raises(Unreadable):
        KEY.open(KEY.seal("Testperson", "here"), "there")


@given(place=st.integers(0, 40))
def test_a_sealed_value_changed_anywhere_does_not_open(place: int) -> None:
    raw = bytearray(b64decode(KEY.seal("Testperson", "here").removeprefix("sealed:1:")))
    raw[place % len(raw)] ^= 1

    with pytest.raises(Unreadable):
        KEY.open("sealed:1:" + b64encode(raw).decode(), "here")


@pytest.mark.parametrize("text", ["sealed:1:", "sealed:1:?", "sealed:1:AAAA"])
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    with pytest.raises(Unreadable):
        KEY.open(text, "here")


def test_one_value_has_one_mark_for_each_key_tenant_and_purpose() -> None:
    index = BlindIndex("k" * 32)
    mark = index.mark("nhs-number", "icb-a", "9990000018")

    assert len(mark) == 43
    assert "9990000018" not in mark
    assert BlindIndex("k" * 32).mark("nhs-number", "icb-a", "9990000018") == mark
    others = {
        index.mark("nhs-number", "icb-a", "9990000026"),
        index.mark("nhs-number", "icb-b", "9990000018"),
        index.mark("person-match", "icb-a", "9990000018"),
        BlindIndex("o" * 32).mark("nhs-number", "icb-a", "9990000018"),
    }
    assert len(others | {mark}) == 5


def test_a_mark_is_the_hmac_of_the_value_under_the_purposes_own_key() -> None:
    # By openssl dgst -sha256 -mac HMAC, once for the purpose's key, once for the value.
    index = BlindIndex("key-of-thirty-two-characters-ok!")
    assert index.mark("p", "t", "v") == "UEE6k7PHUeRG68iaU0-hDhGYPWLMgWknHQAeTYE46A8"
