// Builds the package in packages/client: node tools/client-package.mjs

import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const out = join(root, "packages", "client", "dist");
const library = join(root, "node_modules", "sockjs-client");

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: ["mixsvc/pages/static/client/client.js"],
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  logLevel: "warning",
  chunkNames: "[name]-[hash]",
  // The file that the page has is the same one.
  plugins: [
    {
      name: "sockjs",
      setup({ onResolve }) {
        onResolve({ filter: /vendor\/sockjs\.min\.js$/ }, () => ({ path: join(library, "dist", "sockjs.min.js") }));
      },
    },
  ],
});
copyFileSync(join(root, "mixsvc", "pages", "static", "types", "client.d.ts"), join(out, "client.d.ts"));
copyFileSync(join(library, "LICENSE"), join(out, "sockjs.LICENSE.txt"));
