#!/bin/sh
# esbuild, and packages built by rolldown such as markdown-it 15: a module that works as it is does not load any more once
# it is bundled, in a page where some other script has added an enumerable property to Object.prototype.
#
# What one would expect: a bundle does what its modules do. Extending Object.prototype is bad manners, but valid, and what
# older libraries in other people's pages still do; modules that never loop over objects do not notice it.
#
# What happens (node 20 and Chromium 156), with Object.prototype.extra = "text" set before:
#   a module with `import * as lib` and `lib[name]`, as it is       loads; Object.keys(lib) are its two exports
#   the same, bundled by esbuild 0.28.2                             TypeError: Getter must be a function: text
#   import "markdown-it" 15.0.3, whose published file is a bundle   TypeError: Getter must be a function: text
#   import "markdown-it" 14.1.0, whose files are its sources        loads
# Both bundlers make the object of a namespace in a helper (`__export`, `__exportAll`) that loops with `for…in` over the
# exports without asking whether a property is the object's own, and defines each one found as a getter. A property
# that is a function would be defined, too: a namespace then has an export that its module never had.
#
# Source: the helper at the top of the bundles; https://tc39.es/ecma262/#sec-module-namespace-exotic-objects says that a
# namespace has a null prototype and its exports only.
#
# Why it matters: a widget that is loaded into pages of strangers fails as a whole, with an error that names none of its
# lines. Mend the helper after bundling, or avoid `import * as` used as a value, in every dependency as well; and test
# the widget in a page with such a property.
#
# Run it: sh findings/bundled-namespace-imports.sh. It needs node, npm and its registry. It fails if the behaviour
# changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-save --prefix "$folder" \
    esbuild@0.28.2 markdown-it@15.0.3 sources@npm:markdown-it@14.1.0
cat >lib.mjs <<'JS'
export const one = 1;
export const two = 2;
JS
cat >page.mjs <<'JS'
import * as lib from "./lib.mjs";
export const chosen = (name) => lib[name];
export const names = Object.keys(lib).join(" ");
JS
node_modules/.bin/esbuild page.mjs --bundle --format=esm --log-level=error --outfile=bundled.mjs
cat >finding.mjs <<'JS'
Object.prototype.extra = "text";
const tell = async (name) => {
    try {
        const found = await import(name);
        return found.names ?? "loads";
    } catch (error) {
        return `${error.constructor.name}: ${error.message}`;
    }
};
const seen = [];
for (const name of ["./page.mjs", "./bundled.mjs", "markdown-it", "sources"]) {
    seen.push(await tell(name));
    console.log(`${name}: ${seen.at(-1)}`);
}
const fails = "TypeError: Getter must be a function: text";
if (seen.join("|") !== ["one two", fails, fails, "loads"].join("|")) {
    console.error("the behaviour has changed");
    process.exit(1);
}
JS
node finding.mjs
