"""The website as a reader's browser shows it: below a path, from a zip, offline, accessible."""

import gzip
import re
import shutil
import zipfile
from html import unescape
from urllib.parse import urldefrag, urljoin

import pytest

from coursebook.chapters import find_chapters
from website import DARK, PAGES, READ, ROOT, SITE, exercises_of, serious

NO_STORAGE = """Object.defineProperty(window, 'localStorage', {
    get() { throw new DOMException('denied', 'SecurityError'); } });"""


EXERCISES = [(page, spec["id"]) for page in READ for spec in exercises_of(page)]


def spec_of(page, name):
    return next(spec for spec in exercises_of(page) if spec["id"] == name)


def right_answer(spec):
    return {
        "one-choice": spec.get("answer"),
        "several-choices": spec.get("answers"),
        "order": spec.get("order"),
        "code": spec.get("order"),
    }.get(spec["kind"], spec.get("answer"))


def wrong_answer(spec):
    """An answer that a person might give: a catalogued mistake where there is one."""
    if spec["kind"] in ("number", "matrix"):
        return spec["mistakes"][0]["answer"]
    if spec["kind"] == "one-choice":
        return (spec["answer"] + 1) % len(spec["options"])
    if spec["kind"] == "several-choices":
        return [i for i in range(len(spec["options"])) if i not in spec["answers"]][:1]
    return spec["order"][::-1]


def give(card, spec, answer):
    """Answer as a person does: by typing, ticking, or moving lines."""
    if spec["kind"] == "number":
        card.get_by_label("Your answer").fill(str(answer))
    elif spec["kind"] == "matrix":
        for value, cell in zip(
            [value for row in answer for value in row],
            card.locator(".cw-cells input").all(),
            strict=True,
        ):
            cell.fill(str(value))
    elif spec["kind"] in ("one-choice", "several-choices"):
        ticked = {answer} if isinstance(answer, int) else set(answer)
        for index, box in enumerate(card.locator(".cw-options input").all()):
            if box.get_attribute("type") == "radio":
                if index in ticked:
                    box.check()
            else:
                box.set_checked(index in ticked)
    else:
        arrange(card, spec, answer)
    card.get_by_role("button", name="Check", exact=True).click()


def arrange(card, spec, answer):
    """Move each item up until the list has this order."""
    rows = card.locator(".cw-order > li")
    order = list(range(len(spec["items"])))
    for place, item in enumerate(answer):
        at = order.index(item)
        while at > place:
            rows.nth(at).get_by_role("button").first.click()
            order[at - 1], order[at] = order[at], order[at - 1]
            at -= 1


def unmarked(text):
    return re.sub(r"[`*]", "", text)


def card_of(page, name):
    return page.locator(f'.cw-mount[data-cw-id="{name}"]')


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_page_is_offline_quiet_and_accessible(site, open_page, page, mode):
    """As it comes, and when everything is answered and opened. Only colors differ in the dark."""
    opened = open_page(f"{site}/{page}", init=DARK if mode == "dark" else "")
    opened.wait_for_load_state("networkidle")
    assert opened.locator("html").get_attribute("data-theme") == mode
    assert serious(opened, colors_only=mode == "dark") == []
    for number, spec in enumerate(exercises_of(page)):
        answer = (right_answer if number % 2 else wrong_answer)(spec)
        give(card_of(opened, spec["id"]), spec, answer)
    hidden = opened.get_by_role("button", name="Show solution")
    while hidden.count():
        hidden.first.click()
    opened.evaluate("document.querySelectorAll('details').forEach(box => { box.open = true })")
    opened.wait_for_timeout(600)  # they fade in
    if opened.locator(".cw-mount, details").count():
        assert serious(opened, ".cw-mount", "details", colors_only=mode == "dark") == []


def test_the_search_for_bad_contrast_finds_it(site, open_page):
    """Code is looked at by color, so one bad word among many must still be found."""
    page = EXERCISES[0][0]
    opened = open_page(f"{site}/{page}")
    assert opened.locator("pre span").count() > 1000
    assert serious(opened, ".cell_input", colors_only=True) == []
    style = "pre span:is(.n, .p) { color: #bbb !important; background: #fff }"
    opened.add_style_tag(content=style)
    ((rule, nodes),) = serious(opened, ".cell_input", colors_only=True)
    assert rule == "color-contrast"
    assert nodes


@pytest.mark.parametrize("page", READ)
def test_page_fits_a_small_phone(site, open_page, page):
    opened = open_page(f"{site}/{page}", width=320)
    opened.wait_for_load_state("networkidle")
    widths = opened.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


@pytest.mark.parametrize("page", PAGES)
def test_page_is_light(site, open_page, page):
    """At most 300 kB on the wire before images, compressed as a web server would."""
    opened = open_page("about:blank")
    sizes = {}

    def weigh(response):
        if response.request.resource_type in ("document", "script", "stylesheet", "font"):
            body = response.body()
            compressed = len(gzip.compress(body, 6))
            sizes[response.url] = len(body) if response.url.endswith("woff2") else compressed

    opened.on("response", weigh)
    opened.goto(f"{site}/{page}")
    opened.wait_for_load_state("networkidle")
    assert len(sizes) > 5
    assert sum(sizes.values()) <= 300_000, sorted(sizes.items(), key=lambda item: -item[1])[:8]


def test_only_the_search_page_loads_the_index(site, open_page):
    holders = [page for page in PAGES if "searchindex.js" in (SITE / page).read_text("utf-8")]
    assert holders == ["search.html"]
    opened = open_page(f"{site}/{READ[0]}")
    form = opened.locator("form[role=search], form.bd-search").first
    form.evaluate("form => { form.querySelector('input').value = 'stride'; form.submit(); }")
    opened.wait_for_url("**/search.html?q=stride*")
    opened.locator("#search-results li").first.wait_for()


def test_every_link_within_the_site_leads_somewhere():
    texts = {page: (SITE / page).read_text(encoding="utf-8") for page in PAGES}
    ids = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in texts.items()}
    broken = []
    for page, text in texts.items():
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            address, anchor = urldefrag(unescape(link))
            if re.match(r"[a-z]+:", address):
                continue
            target = urljoin(page, address.partition("?")[0]) if address else page
            exists = (SITE / target).exists()
            if not exists or (anchor and target in ids and anchor not in ids[target]):
                broken.append((page, link))
    assert broken == []


def errata_told():
    """Each erratum that a chapter tells, with the chapter's name."""
    told = {}
    for chapter in find_chapters(ROOT):
        text = chapter.source.read_text(encoding="utf-8")
        for name in re.findall(r"^[`:]{3,}\{erratum\} (E\d\d)", text, re.MULTILINE):
            told[name] = chapter.name
    return told


def test_the_errata_page_lists_what_is_told_and_links_it():
    page = (SITE / "errata.html").read_text(encoding="utf-8")
    (listed,) = re.findall(r'<dl class="[^"]*errata[^"]*">.*?</dl>', page, re.DOTALL)
    entries = re.findall(r'<dt id="(e\d\d)">(E\d\d), .*?</dt>(.*?)(?=<dt|</dl>)', listed, re.DOTALL)
    assert [name for _, name, _ in entries] == sorted(errata_told())
    for anchor, name, body in entries:
        assert anchor == name.lower()
        target = f"{errata_told()[name]}.html#erratum-{name.lower()}"
        assert f'href="{target}"' in body, (name, target)


def test_only_links_lead_to_other_hosts():
    found = []
    for page in PAGES:
        text = (SITE / page).read_text(encoding="utf-8")
        found += re.findall(r'<(?!a\b)\w+[^>]*?(?:src|href)="(?:https?:)?//[^"]*"', text)
    assert [tag for tag in found if 'rel="canonical"' not in tag] == []


def test_icons_are_drawn(site, open_page):
    opened = open_page(f"{site}/{READ[0]}")
    icons = opened.locator("i[class*='fa-'], span[class*='fa-']")
    assert icons.count() > 3
    undrawn = icons.evaluate_all(
        """nodes => nodes.filter(n => ["none", "normal", '""']
             .includes(getComputedStyle(n, "::before").content)).map(n => n.className)"""
    )
    assert undrawn == []
    assert opened.evaluate(
        "document.fonts.ready.then(() => document.fonts.check(\"900 16px 'Font Awesome 6 Free'\"))"
    )
    assert not (SITE / "_static/scripts/fontawesome.js").exists()


def test_formulas_are_drawn_by_the_browser(site, open_page):
    opened = open_page(f"{site}/04_convolution.html")
    assert opened.locator("math[display=block]").count() >= 3
    boxes = opened.locator("math[display=block]").evaluate_all(
        "m => m.map(x => x.getBoundingClientRect().height)"
    )
    assert min(boxes) > 20
    assert opened.locator("script[src*='athjax']").count() == 0


@pytest.mark.parametrize("page", sorted({page for page, _ in EXERCISES}))
def test_each_exercise_grades_right_and_wrong_and_survives_a_reload(site, open_page, page):
    specs = exercises_of(page)
    opened = open_page(f"{site}/{page}")
    for spec in specs:
        card = card_of(opened, spec["id"])
        give(card, spec, wrong_answer(spec))
        verdict = card.locator(".cw-wrong").inner_text()
        if spec["kind"] in ("number", "matrix"):
            assert unmarked(spec["mistakes"][0]["hint"])[:30] in verdict
    opened.reload()
    assert opened.locator(".cw-wrong").count() == len(specs)
    opened.evaluate("courseWidgets.store.reset()")
    assert opened.locator(".cw-wrong").count() == 0
    opened.reload()
    for spec in specs:
        card = card_of(opened, spec["id"])
        give(card, spec, right_answer(spec))
        assert card.locator(".cw-right").count() == 1
    opened.reload()
    assert opened.locator(".cw-right").count() == len(specs)
    opened.goto(f"{site}/progress.html")
    opened.locator(".cw-mount .cw").first.wait_for()
    assert set(opened.evaluate("Object.keys(courseWidgets.store.all())")) == {
        s["id"] for s in specs
    }
    links = opened.locator(".cw-mount li a[href*='#exercise-']")  # not that to the next one
    assert links.count() == len(EXERCISES)


@pytest.mark.parametrize("init", ["", NO_STORAGE], ids=["storage", "storage denied"])
def test_grading_works_where_storage_is_denied(site, open_page, init):
    page, name = EXERCISES[0]
    opened = open_page(f"{site}/{page}", init=init)
    opened.complaints.clear()  # the theme itself complains when storage is denied
    card = card_of(opened, name)
    give(card, spec_of(page, name), right_answer(spec_of(page, name)))
    assert card.locator(".cw-right").count() == 1
    assert card.locator(".cw-host-note").count() == (1 if init else 0)
    opened.complaints.clear()


def test_questions_are_readable_without_javascript(site, open_page):
    page = EXERCISES[0][0]
    opened = open_page(f"{site}/{page}", java_script_enabled=False)
    for spec in exercises_of(page):
        text = card_of(opened, spec["id"]).inner_text()
        assert spec["title"] in text
        assert unmarked(spec["prompt"].split("\n")[0])[:40] in text.replace("\n", " ")


def test_the_site_works_from_a_zip_without_a_server(open_page, tmp_path):
    with zipfile.ZipFile(tmp_path / "course.zip", "w") as packed:
        for file in SITE.rglob("*"):
            packed.write(file, file.relative_to(SITE))
    shutil.unpack_archive(tmp_path / "course.zip", tmp_path / "course")
    page, name = EXERCISES[0]
    opened = open_page((tmp_path / "course" / page).as_uri())
    card = card_of(opened, name)
    give(card, spec_of(page, name), right_answer(spec_of(page, name)))
    assert card.locator(".cw-right").count() == 1
    opened.goto((tmp_path / "course" / "search.html").as_uri() + "?q=stride")
    opened.locator("#search-results li").first.wait_for()
    opened.complaints.clear()  # from file:// Sphinx can't fetch its excerpts; the results are there


def test_notebooks_can_be_downloaded_and_colab_waits_for_an_address(site, open_page):
    from coursebook.page import colab_address

    opened = open_page(f"{site}/04_convolution.html")
    link = opened.locator('a[href="notebooks/04_convolution.ipynb"]').first
    assert opened.request.get(urljoin(opened.url, link.get_attribute("href"))).ok
    colab = opened.locator('a[href*="colab.research"]').evaluate_all(
        "links => links.map(a => a.href)"
    )
    assert set(colab) == ({address} if (address := colab_address("04_convolution")) else set())


def test_colab_address_follows_the_repository(monkeypatch):
    from coursebook.page import colab_address

    monkeypatch.delenv("COURSE_REPOSITORY", raising=False)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert colab_address("04_convolution") == ""
    monkeypatch.setenv("COURSE_REPOSITORY", "https://github.com/someone/course/")
    assert colab_address("04_convolution") == (
        "https://colab.research.google.com/github/someone/course/blob/colab/notebooks/04_convolution.ipynb"
    )
    monkeypatch.setenv("COURSE_REPOSITORY", "https://example.org/a/course")
    assert colab_address("04_convolution") == ""
