"""Run by a Python that has Spark: what it answers to a question about a CSV.

`python asked_of_spark.py READINGS.csv QUESTION.sql ANSWER.csv`, about `readings`.
"""

import sys
from pathlib import Path

from pyspark.sql import SparkSession


def main() -> None:
    file, question, answer = sys.argv[1:]
    builder = SparkSession.builder.master("local[2]").appName("cells")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "4",
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    table = session.read.csv(file, header=True, inferSchema=True)
    table.createOrReplaceTempView("readings")
    found = session.sql(Path(question).read_text(encoding="utf-8"))
    found.toPandas().to_csv(answer, index=False)


if __name__ == "__main__":
    main()
