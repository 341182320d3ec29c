"""The rendered example of a report opens in a browser, and so does the explorer in it."""

from pathlib import Path

from tests.support.browser import SNAKEMAKES_OWN, artefact, launched, opened

REPORT = Path(__file__).parents[2] / "docs/example/report.html"


def test_the_example_has_every_category_and_its_explorer_moves(tmp_path):
    with launched() as browser, opened(browser, REPORT, SNAKEMAKES_OWN) as page:
        assert "experiment reference" in page.inner_text("body")
        for category in ("All instances", "Local minima", "Ridge paths"):
            assert page.get_by_text(category, exact=True).is_visible()
        page.get_by_text("Ridge paths", exact=True).click()
        line = page.locator("tr", has=page.get_by_text("explorer", exact=True))
        line.locator("[iconname=eye]").click()
        explorer = page.frame_locator("iframe")
        slider = explorer.locator("input[type=range]")
        slider.wait_for()
        before = slider.get_attribute("aria-valuetext")
        slider.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") != before
        artefact(page, "example_explorer", tmp_path)
