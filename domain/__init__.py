"""The ground floor: one package per bounded context; knows neither web nor mail server."""
