"""Every text of a page can be translated: it is in the catalogues, and the catalogues are complete."""

from __future__ import annotations

import pytest
from tools.collect_texts import updated

from purveyor.web.i18n import gettext, locales, translations
from purveyor.web.templating import HERE


@pytest.mark.parametrize("locale", locales())
def test_the_catalogue_holds_exactly_the_texts_of_the_pages(locale: str) -> None:
    kept = (HERE / "locale" / locale / "messages.po").read_text(encoding="utf-8")

    assert kept == updated(locale), "run `make messages`"


def test_english_is_there_from_the_first_page_and_unknown_languages_fall_back_to_it() -> None:
    assert "en" in locales()
    assert gettext("en")("Sign in") == gettext("xx")("Sign in") == "Sign in"


def test_plurals_are_chosen_by_number() -> None:
    words = ("%(number)s row on this page", "%(number)s rows on this page")

    assert [translations("en").ungettext(*words, count) for count in (1, 2)] == list(words)
