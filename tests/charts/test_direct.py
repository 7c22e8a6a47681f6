"""Charts in another WSGI server."""

from mixsvc.charts.direct import DirectCharts
from mixsvc.charts.drawing import draw
from mixsvc.charts.png import png_of
from mixsvc.interfaces.charts import ICharts
from tests.charts.samples import history


def test_a_picture_is_the_one_that_the_drawing_processes_make() -> None:
    charts, given = DirectCharts(), history("1.1", "1.2")

    assert ICharts.providedBy(charts)
    assert charts.picture(given, "svg") == draw(given).encode()
    assert charts.picture(given, "png") == png_of(draw(given))
