"""/api: rates, rooms and messages, names and logins as JSON; docs/reference describes it for users.

- cors.py comes first: it refuses what pages of other sites must not send.
- json_body.py reads a request's body and query; problems.py makes error responses (problem JSON, RFC 9457).
- rates.py has the routes of the rates: rate_query.py reads the query, rate_response.py writes the response,
  rate_csv.py those that are tables, and rate_errors.py the errors.
- rooms.py: rooms, messages, and a way for programs to send messages with a token.
- topics.py: a way for programs to publish events, with the same token.
- events.py: rooms and rates as event streams, which the service sends when the view has ended (mixsvc.holds).
- accounts.py: the session's name, and the moderators' login.
"""
