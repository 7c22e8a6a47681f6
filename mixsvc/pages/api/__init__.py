"""/api: rates, rooms and messages, names and logins as JSON; docs/reference describes it for users.

- cors.py comes first: it refuses what pages of other sites must not send.
- json_body.py reads a request's body and query; problems.py makes error responses (problem JSON, RFC 9457).
- rates.py has the routes of the rates, and charts. mixsvc.answers builds the responses; answering.py asks it, and makes
  responses of Flask of them. Under twistd the reactor sends most of them, without a view (mixsvc.direct).
- rooms.py: rooms, messages, and a way for programs to send messages with a token.
- topics.py: a way for programs to publish events, with the same token.
- events.py: rooms and rates as event streams, which the service sends when the view has ended (mixsvc.holds).
- accounts.py: the session's name, and the moderators' login.
"""
