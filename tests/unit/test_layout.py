"""The house stays as small as docs/layout.svg shows it, and no import climbs."""

import pytest

from tests import architecture
from tests.architecture import House, draw, measure

CIRCLE = {"views": "import shop.forms", "forms": "import shop.tasks", "tasks": "import shop.views"}
MAX_ROOMS, MAX_FLOORS, MAX_ARROWS = 20, 8, 60


def test_the_drawing_is_up_to_date():
    drawn = draw(measure(architecture.ROOT / app) for app in architecture.APPS)
    assert architecture.DRAWING.read_text(encoding="utf-8") == drawn, "run: make architecture"


def test_traces_stays_small():
    house = measure(architecture.ROOT / "traces")
    assert len(house.rooms) <= MAX_ROOMS
    assert house.height <= MAX_FLOORS
    assert len(house.arrows) <= MAX_ARROWS


@pytest.mark.parametrize("app", architecture.APPS)
def test_no_import_climbs(app):
    assert measure(architecture.ROOT / app).upward == []


@pytest.fixture
def house(tmp_path):
    """Write an app called `shop`, given as the text of each module by its path, and measure it."""

    def build(modules):
        for name, text in modules.items():
            path = tmp_path / "shop" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return measure(tmp_path / "shop")

    return build


def test_a_room_is_a_module_or_a_folder(house):
    shop = house(
        {
            "__init__": "from shop import views",
            "views": "import django\nfrom stock import models",
            "basket/__init__": "",
            "basket/add": "from shop import basket\nfrom shop.basket import remove",
            "migrations/0001_initial": "from shop import views",
        }
    )
    assert (shop.rooms, shop.arrows) == (("basket", "views"), ())


@pytest.mark.parametrize(
    "text",
    [
        "import shop.models",
        "import shop.models.books as books",
        "from shop import models",
        "from shop.models import Book",
        "from shop.models.books import Book",
        "def show():\n    from shop.models import Book",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.models import Book",
    ],
)
def test_an_import_is_an_arrow_wherever_it_stands(house, text):
    assert house({"models": "", "pages/show": text}).arrows == (("pages", "models"),)


def test_several_imports_of_a_room_are_one_arrow(house):
    shop = house({"models": "", "pages/one": "import shop.models", "pages/all": "from shop import models, pages"})
    assert shop.arrows == (("pages", "models"),)


def test_a_floor_is_the_longest_chain_below(house):
    shop = house(
        {"urls": "from shop import models, views", "views": "from shop import forms", "forms": "", "models": ""}
    )
    assert shop.floors == {"urls": 2, "views": 1, "forms": 0, "models": 0}
    assert str(shop) == "shop: 4 rooms, 3 floors, 3 arrows, 0 upward"


def test_a_circle_is_told_and_what_lies_beside_it_is_not(house):
    shop = house({"urls": "import shop.views", **CIRCLE})
    assert shop.upward == [("forms", "tasks"), ("tasks", "views"), ("views", "forms")]
    assert str(shop).splitlines()[1:] == [f"  upward: {high} imports {low}" for high, low in shop.upward]


def test_each_room_is_a_box_above_those_that_it_imports(house):
    drawn = draw([house({"urls": "from shop import models, views", "views": "import shop.models", "models": ""})])
    names = ("urls", "views", "models")
    heights = [int(drawn.split(f">{name}</text>")[0].rpartition('y="')[2].rstrip('"')) for name in names]
    assert heights == sorted(heights)
    assert drawn.count('class="arrow"') == 2
    assert drawn.count('class="arrow implied"') == 1


def test_an_arrow_on_a_circle_stands_out(house):
    assert draw([house(CIRCLE)]).count('class="arrow up"') == 3


def test_an_app_without_rooms_has_no_floors():
    assert str(House("empty", (), ())) == "empty: 0 rooms, 0 floors, 0 arrows, 0 upward"
    assert draw([House("empty", (), ())]).endswith("</svg>\n")
