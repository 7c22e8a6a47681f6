// Bundles, minifies and compresses the scripts and styles of the pages: node tools/bundle.mjs STATIC STAMP
//
// Reads the modules in STATIC, and writes STATIC/built anew: each file under a name with a hash of its content, its
// source map, and the file compressed by gzip and by Brotli. built/manifest.json, which is written last, says which file
// each entry became, and has the names of all files, the SHA-256 of each source, and STAMP, which names the tools.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const [source, stamp] = process.argv.slice(2);
const out = join(source, "built");

/** Modules that are loaded when they are needed first: each is a file of its own, the same for all. */
const LATER = ["client/fallback.js", "search/search.js", "text/markdown.js", "vendor/uplot.js", "widget/panels.js"];
/** What a page begins with, ours or another: one script, which holds all that is not in LATER. */
const PAGES = ["main.js", "away.js", "rates/rates.js", "client/client.js", "widget/widget.js", "window/window.js"];
/** What markdown-it imports for rules that are off: text/unused.js takes its place. */
const UNUSED = ["entities", "linkify-it", "mdurl", "punycode.js", "uc.micro"];
/** The rules of markdown-it that text/markdown.js leaves on, or puts its own in the place of. */
const RULES = ["normalize", "block", "strip_references", "inline", "text_join", "fence", "paragraph", "text"].concat(
  ["emphasis", "link", "balance_pairs", "emphasis", "fragments_join"],
);
const STYLES = ["vendor/uplot.min.css", "style.css"];
/** The operators' window has these as well. */
const WINDOW_STYLES = "window/window.css";

/** How Brotli may write distances: which way is the shortest differs from file to file. */
const DISTANCES = [{}, { [constants.BROTLI_PARAM_NPOSTFIX]: 2 }, { [constants.BROTLI_PARAM_NDIRECT]: 8 }];

const common = {
  absWorkingDir: source,
  outdir: "built",
  bundle: true,
  minify: true,
  format: "esm",
  charset: "utf8",
  target: ["es2022"],
  sourcemap: true,
  metafile: true,
  alias: Object.fromEntries(UNUSED.map((name) => [name, resolve(source, "text/unused.js")])),
  logLevel: "warning",
  entryNames: "[name]-[hash]",
};

const manifest = { stamp, entries: {}, inputs: {}, files: [] };

/** Leaves imports of the modules in LATER, which are built by then, as imports of the built files. */
const later = {
  name: "later",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir, kind }) => {
      const built = manifest.entries[relative(source, join(resolveDir, path))];
      return kind === "dynamic-import" && built ? { path: `./${built}`, external: true } : undefined;
    });
  },
};

/**
 * Leaves out what no page needs of markdown-it, which is in pages of other people, too, whose scripts may have added to
 * Object.prototype. The loops that bundlers make of a module as an object, its own and those of esbuild, take that for an
 * export, and throw.
 */
const lightMarkdown = {
  name: "light-markdown",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]vendor[\\/]markdown-it\.js$/ }, ({ path }) => ({
      contents: withoutLoops(withoutMarkup(withoutRules(readFileSync(path, "utf8")))),
      loader: "js",
    }));
  },
};

/** Leaves out the ways of uPlot to draw a line that rates/plot.js does not take. */
const lightChart = {
  name: "light-chart",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]vendor[\\/]uplot\.js$/ }, ({ path }) => {
      const ways = [3, /^\t\(paths\.(?:stepped|bars|spline) +=.*\n/gm, ""];
      return { contents: changed(readFileSync(path, "utf8"), [ways]), loader: "js" };
    });
  },
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out);
for (const name of [...LATER, ...PAGES]) {
  note(name, await build({ ...common, entryPoints: [name], plugins: [later, lightMarkdown, lightChart] }));
}
const contents = STYLES.map((name) => `@import "./${name}";`).join("\n");
const stdin = { contents, loader: "css", resolveDir: source, sourcefile: "styles.css" };
note("style.css", await build({ ...common, stdin, entryNames: "style-[hash]" }));
note(WINDOW_STYLES, await build({ ...common, entryPoints: [WINDOW_STYLES] }));
for (const name of manifest.files.filter((name) => !name.endsWith(".map"))) {
  compress(join(out, name));
}
writeFileSync(join(out, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);

/** Put one build into the manifest. */
function note(name, { metafile }) {
  const files = Object.keys(metafile.outputs).map((path) => path.replace(/^built\//, ""));
  manifest.files.push(...files);
  manifest.entries[name] = files.find((file) => !file.endsWith(".map"));
  for (const path of Object.keys(metafile.inputs).filter((path) => existsSync(join(source, path)))) {
    manifest.inputs[path] = createHash("sha256").update(readFileSync(join(source, path))).digest("hex");
  }
}

/** markdown-it's tables of rules without those that are off; esbuild then leaves out their functions. */
function withoutRules(text) {
  const found = [];
  const light = text.replaceAll(/^var _rules\S* = \[\n[^]*?^\];$/gm, (table) =>
    table.replaceAll(/^\t\[(?:"(\w+)", .*\]|\n\t\t"(\w+)",\n[^]*?^\t\]),?\n/gm, (rule, short, long) => {
      if (!RULES.includes(short ?? long)) {
        return "";
      }
      found.push(short ?? long);
      return rule.replace(/,?\n$/, ",\n");
    }),
  );
  if (found.join() !== RULES.join()) {
    throw new Error(`markdown-it has other rules than tools/bundle.mjs knows: ${found.join(", ")}`);
  }
  return light;
}

/** markdown-it without what makes markup of tokens, or reads some, and without what is for other users of it. */
function withoutMarkup(text) {
  // A bundler keeps what a module calls as it is loaded, though no rule that is on needs it.
  return changed(text, [
    [1, /^\/\/#region src\/renderer\.ts\n[^]*?^\/\/#endregion$/gm, "var Renderer = class {};"],
    [5, /^\/\/#region src\/(?:common|rules_\w+)\/(?:html_\w+|escape)\.ts\n[^]*?^\/\/#endregion$/gm, ""],
    [2, /^\t(?:default|commonmark): \{\n[^]*?^\t\},?\n/gm, ""],
    [1, /^\t\t\tutils_exports$/gm, "{}"],
  ]);
}

/** markdown-it without loops over a module as an object. */
function withoutLoops(text) {
  return changed(text, [
    [1, /for \(var name in all\)/g, "for (const name of Object.keys(all))"],
    [2, /^import \* as (\w+) from/gm, "import $1 from"],
  ]);
}

/** A package's text with each pattern replaced, which is in it so many times. */
function changed(text, changes) {
  return changes.reduce((before, [count, pattern, by]) => {
    const found = before.match(pattern)?.length ?? 0;
    if (found !== count) {
      throw new Error(`A package has ${found} of what tools/bundle.mjs knows ${count} of: ${pattern}`);
    }
    return before.replaceAll(pattern, by);
  }, text);
}

function compress(path) {
  const content = readFileSync(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  const tried = DISTANCES.map((each) => brotliCompressSync(content, { params: { ...params, ...each } }));
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
  writeFileSync(`${path}.br`, tried.sort((a, b) => a.length - b.length)[0]);
}
