"""The real parts that the tests run against, all private to one test run: PostgreSQL, RabbitMQ, SMTP, a bad network."""
