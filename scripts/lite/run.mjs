// Runs results.py under Pyodide: node run.mjs RUNTIME SAMPLES FOLDER
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [runtime, samples, folder] = process.argv.slice(2).map((path) => resolve(path));
const { loadPyodide } = await import(pathToFileURL(`${runtime}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: `${runtime}/` });
await pyodide.loadPackage(["pandakit", "matplotlib"], { messageCallback: () => {} });
pyodide.mountNodeFS("/samples", samples);
pyodide.mountNodeFS("/results", folder);
const script = fileURLToPath(new URL("results.py", import.meta.url));
pyodide.globals.set("source", readFileSync(script, "utf8"));
try {
  pyodide.runPython(`
from pathlib import Path
names = {"__name__": "results"}
exec(compile(source, "results.py", "exec"), names)
names["main"](Path("/samples"), Path("/results"))
`);
} catch (error) {
  // Without it, Node prints the whole of Pyodide, which is one line.
  console.error(error.message);
  process.exit(1);
}
