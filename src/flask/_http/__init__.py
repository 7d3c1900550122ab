"""Requests and responses: headers, query, body, forms, cookies, files, streams."""
