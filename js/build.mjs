// Bundles the front end into the Python package: one ES module and one style sheet.
import { context } from "esbuild";

const watch = process.argv.includes("--watch");
const bundle = await context({
  entryPoints: { widget: "src/widget.ts" },
  outdir: "../execmon_lab/widgets/static",
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
