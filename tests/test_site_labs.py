"""Every lab of the website answers a reader: by mouse, by touch and by keyboard."""

import itertools

import pytest

from website import DARK, READ, labs_of

# All labs of a page, with the place of each among the page's mounts of its kind.
LABS = [
    (page, module, labs_of(page)[:at].count(module))
    for page in READ
    for at, module in enumerate(labs_of(page))
]
HANDS = ["mouse", "touch", "keyboard"]


def press(hand, control, key="Enter"):
    """Use a control as a reader does."""
    if hand == "mouse":
        control.click()
    elif hand == "touch":
        control.tap()
    else:
        control.focus()
        control.press(key)


def steppers(lab, hand):
    """For each field with − and +: the ways to change its number."""
    for field in lab.locator(".cw-stepper").all():
        if hand == "keyboard":
            box = field.locator("input")
            keys = ("ArrowUp", "ArrowDown")
            yield field, [lambda box=box, key=key: press(hand, box, key) for key in keys]
        else:
            buttons = field.get_by_role("button").all()[::-1]
            yield field, [lambda button=button: press(hand, button) for button in buttons]


def sliders(lab, hand):
    for slider in lab.locator("input[type=range]").all():
        if hand == "keyboard":
            keys = ("ArrowLeft", "ArrowRight")
            yield slider, [lambda box=slider, key=key: press(hand, box, key) for key in keys]
        else:
            width, height = map(slider.bounding_box().get, ("width", "height"))
            spots = [{"x": width * share, "y": height / 2} for share in (0.2, 0.8)]
            use = slider.click if hand == "mouse" else slider.tap
            yield slider, [lambda spot=spot, use=use: use(position=spot) for spot in spots]


def boxes(lab, hand):
    for box in lab.locator("input[type=checkbox], input[type=radio]:not(:checked)").all():
        yield box, [lambda box=box: press(hand, box, "Space")]


def lists(lab, hand):
    """A list opens outside the page, where only the keyboard reaches it without a screen."""
    for field in lab.locator("select").all():
        keys = ("ArrowDown", "ArrowUp")
        yield field, [lambda field=field, key=key: press("keyboard", field, key) for key in keys]


def buttons(lab, hand):
    """All other buttons, each row or table of them as one: some may be at their end."""
    rows = lab.evaluate(
        """lab => {
          const rows = new Map();
          [...lab.querySelectorAll("button")].forEach((button, n) => {
            if (button.closest(".cw-stepper") || !button.checkVisibility()) return;
            if (button.disabled || button.getAttribute("aria-disabled") === "true") return;
            const row = button.closest("table") ?? button.parentElement;
            rows.set(row, [...rows.get(row) ?? [], n]);
          });
          return [...rows.values()];
        }"""
    )
    for row in rows:
        found = [lab.locator("button").nth(n) for n in row]
        yield found[0], [lambda button=button: press(hand, button) for button in found]


def places(lab, hand):
    """Grids and pictures in which one chooses a place."""
    arrows = ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp")
    for grid in lab.locator("[role=grid]:has([role=gridcell])").all():
        here = grid.locator("[role=gridcell][tabindex='0']").first
        cells = [grid.locator("[role=gridcell]").nth(n) for n in (-1, 0)]
        if hand == "keyboard":
            yield grid, [lambda here=here, key=key: press(hand, here, key) for key in arrows]
        else:
            yield grid, [lambda cell=cell: press(hand, cell) for cell in cells]
    for view in lab.locator("[role=application][tabindex='0']").all():
        if hand == "keyboard":
            yield view, [lambda view=view, key=key: press(hand, view, key) for key in arrows]
        else:
            size = view.bounding_box()
            spots = [
                {"x": size["width"] * x, "y": size["height"] * y}
                for x, y in [(0.3, 0.6), (0.7, 0.4)]
            ]
            use = view.click if hand == "mouse" else view.tap
            yield view, [lambda spot=spot, use=use: use(position=spot) for spot in spots]


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize(("page", "module", "place"), LABS)
def test_the_lab_answers_mouse_touch_and_keyboard(
    site, open_page, page, module, place, width, mode
):
    """Each control changes what is read, nothing complains, and the page never scrolls sideways."""
    init = DARK if mode == "dark" else ""
    opened = open_page(f"{site}/{page}", width=width, init=init, has_touch=True)
    lab = opened.locator(f'.cw-mount[data-cw-module="{module}"]').nth(place)
    for hand in HANDS:
        opened.reload()  # a lab begins anew
        lab.locator(".cw-card").wait_for()
        tried = 0
        for kind in (places, buttons, boxes, lists, sliders, steppers):
            for control, actions in kind(lab, hand):
                name = control.evaluate("node => (node.ariaLabel || node.textContent).slice(0, 60)")
                before = lab.inner_text()
                for act in actions:
                    act()
                    if lab.inner_text() != before:
                        break
                else:
                    pytest.fail(f"{module}, by {hand}: nothing happens at {name!r}")
                tried += 1
        assert tried >= 2, f"{module} has nothing to play with, by {hand}"
    widths = opened.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


def test_there_are_labs_to_try():
    assert {module for _, module, _ in LABS} >= {"convolution_lab"}


@pytest.mark.parametrize("broken", ["click", "keydown"])
def test_a_lab_that_does_not_listen_is_found(site, open_page, broken):
    """The helpers above do notice: here an event is swallowed on its way to the lab."""
    swallow = f"addEventListener('{broken}', event => event.stopImmediatePropagation(), true)"
    page, module, _ = LABS[0]
    opened = open_page(f"{site}/{page}", init=swallow, has_touch=True)
    lab = opened.locator(f'.cw-mount[data-cw-module="{module}"]')
    hand = "mouse" if broken == "click" else "keyboard"
    changed = []
    for _, actions in itertools.islice(steppers(lab, hand), 2):
        before = lab.inner_text()
        for act in actions:
            act()
        changed.append(lab.inner_text() != before)
    assert changed == [False, False]
