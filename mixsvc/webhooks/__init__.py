"""Outgoing webhooks: other services are told by HTTP what is said, edited and deleted in rooms.

Payloads, headers and signatures are those of Standard Webhooks (standardwebhooks.com, specification 1.0.0).

- service: all webhooks of a process: they run in the process that leads.
- line: one webhook: what it reads, sends, and sends again.
- storage/: where each webhook is, in both kinds of database.
- batch: what was read, in the order in which it is sent.
- events: payloads. signing: signatures. schedule: when a delivery is tried again. All pure.
- delivery: one HTTP request. stats: the figures for /metrics.

**No queue, but positions.** What there is to send is in the rooms already: messages have numbers per room, and whatever
edits or deletes a message gives it the next number of all changes (by a trigger, in the same transaction). A webhook
has a number for each room and one for the changes, and sends what is behind them. So nothing is stored twice, a
receiver that is away for days takes no room beyond what rooms keep ([chat] keep), and what was committed is sent, also
after kill -9.

**At least once, in order.** One request at a time, and the next one when that was answered with 2xx. Positions are
stored at most once a second, after the answers: what was sent since is sent again after a crash, under the same
`webhook-id`, which is made of what the event is about. Several changes of one message may come as one, the last; a
message that was edited before it was sent comes as it is now, so what was read is read again after each wait, and when
it is old. If it may have been sent before it is told as edited, too, as the id of its creation stays what it was.

**One of several nodes sends**: the leader. If it dies another one goes on from the stored positions. For some seconds
two may send the same.

**A receiver hinders nobody.** Each webhook waits for its own receiver alone, for a limited time, and reads little of
what that answers. Addresses come from the settings only, never from people, and redirects are not followed.
"""
