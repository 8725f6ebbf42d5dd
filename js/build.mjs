// Bundles the front end into the Python package: for notebooks, with the few lines by which a part has the widget
// show it, and for the server's own page; each one ES module and one style sheet.
import { context } from "esbuild";

const watch = process.argv.includes("--watch");
const bundle = await context({
  entryPoints: {
    "widgets/static/widget": "src/widget.ts",
    "widgets/static/part": "src/part.ts",
    "server/static/page": "src/page.ts",
    "server/static/page.pattern": "src/patternworker.ts",
  },
  outdir: "../execmon_lab",
  bundle: true,
  format: "esm",
  target: "esnext",
  minify: !watch,
  sourcemap: watch ? "inline" : false,
  legalComments: "none",
  logLevel: "warning",
});

if (watch) {
  await bundle.watch();
} else {
  await bundle.rebuild();
  await bundle.dispose();
}
