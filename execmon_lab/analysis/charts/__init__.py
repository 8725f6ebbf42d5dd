"""Charts of what the analysis finds, which JupyterLab shows without the internet.

    from execmon_lab.analysis import charts

    charts.gantt(run.attempts)
    charts.trend_chart(analysis.trend(attempts, "sms_test_module"))

Each function returns a `Chart`: Vega-Lite with its data, a description in words, and, with the `charts`
extra, a picture for whoever cannot show Vega-Lite.
"""

from .chart import MIME, Chart
from .comparison import compare_chart
from .distribution import ecdf, strip
from .gantt import gantt
from .heatmap import heat_map
from .livechart import LiveChart, live
from .retries import retry_waterfall
from .timeuse import time_use_chart
from .trend import trend_chart

__all__ = [
    "MIME",
    "Chart",
    "LiveChart",
    "compare_chart",
    "ecdf",
    "gantt",
    "heat_map",
    "live",
    "retry_waterfall",
    "strip",
    "time_use_chart",
    "trend_chart",
]
