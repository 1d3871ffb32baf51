"""Run by another Python, which has Ibis: the cells of a CSV, as one JSON object.

`python cells_elsewhere.py duckdb|spark FILE KNOT_SESSION|none`
"""

import json
import sys

import ibis

from clinical.norms.cells import COLUMNS
from clinical.norms.cells_in_database import cells_expression


def main() -> None:
    engine, file, knot = sys.argv[1:]
    if engine == "spark":
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[2]").appName("cells")
        for name, value in {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.shuffle.partitions": "4",
        }.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        connection = ibis.pyspark.connect(session)
        table = connection.read_csv(file, header=True, inferSchema=True)
    else:
        connection = ibis.duckdb.connect()
        table = connection.read_csv(file)
    expression = cells_expression(
        table,
        knot_session=None if knot == "none" else float(knot),
    )
    found = connection.execute(expression)
    print(json.dumps({name: found[name].tolist() for name in COLUMNS}))


if __name__ == "__main__":
    main()
