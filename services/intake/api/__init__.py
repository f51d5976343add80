"""The JSON API: routes and schemas, by noun."""
