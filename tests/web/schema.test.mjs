// The schema, run by ajv, says of graph files what `amtgraph check` says, as far as a schema can.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import Ajv from "ajv";
import { parseDocument } from "yaml";

const here = dirname(fileURLToPath(import.meta.url));
const top = resolve(here, "../..");
const amtgraph = process.env.AMTGRAPH;

// What types a keyword is for is said once, around it.
const ajv = new Ajv.default({ strictTypes: false, strictRequired: false });
for (const word of ["enumDescriptions", "patternErrorMessage"]) ajv.addKeyword(word); // for editors
const schema = JSON.parse(execFileSync(amtgraph, ["schema"], { maxBuffer: 1 << 24 }));
const validate = ajv.compile(schema);

const yamlIn = (folder) =>
  readdirSync(join(top, folder), { recursive: true })
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => join(top, folder, name));

// "parser", "schema" or "nobody": who refuses the text.
function refusedBy(text) {
  const document = parseDocument(text);
  if (document.errors.length) return "parser";
  return validate(document.toJS()) ? "nobody" : "schema";
}

// What `check` says of a file: its problems. Parts of graphs have parameters that whoever uses
// them sets, which is no problem of theirs.
function problems(path) {
  const options = (/^# options: (.*)$/m.exec(readFileSync(path, "utf8"))?.[1] ?? "").split(" ");
  const run = spawnSync(amtgraph, ["check", "--json", ...options.filter(Boolean), basename(path)], {
    cwd: dirname(path),
    env: { ...process.env, GOLDEN_PORT: "none" },
  });
  assert.ok(run.status === 0 || run.status === 78, `${path}: exit code ${run.status}`);
  return JSON.parse(run.stdout)
    .filter((p) => p.severity === "problem")
    .filter((p) => !(path.includes("/parts/") && p.message.endsWith("no default and is not set")))
    .map((p) => p.message);
}

test("the schema is one of draft-07", () => {
  assert.equal(schema.$schema, "http://json-schema.org/draft-07/schema#");
  assert.ok(ajv.validateSchema(schema), ajv.errorsText());
});

test("both take every graph and file of tests in the tree", () => {
  const files = [...yamlIn("graphs"), ...yamlIn("tests/golden/failing")];
  assert.ok(files.length >= 25);
  for (const file of files) {
    assert.equal(refusedBy(readFileSync(file, "utf8")), "nobody",
      `${relative(top, file)}: ${ajv.errorsText(validate.errors)}`);
    assert.deepEqual(problems(file), [], relative(top, file));
  }
});

test("both refuse the wrong files, but for those that a schema cannot see", () => {
  const blind = new Map(
    readFileSync(join(here, "schema-cannot-see.txt"), "utf8")
      .split("\n")
      .filter((line) => line && !line.startsWith("#"))
      .map((line) => line.split(/\s+(.*)/)),
  );
  const refused = { parser: 0, schema: 0, nobody: 0 };
  for (const folder of ["tests/golden/wrong", "tests/golden/wrong-tests", "tests/web/wrong"])
    for (const name of readdirSync(join(top, folder)).filter((n) => n.endsWith(".yaml"))) {
      const path = join(top, folder, name);
      const by = refusedBy(readFileSync(path, "utf8"));
      assert.ok(problems(path).length, `${name}: check finds nothing wrong with it`);
      assert.equal(by === "nobody", blind.has(name),
        by === "nobody" ? `${name}: not in schema-cannot-see.txt` : `${name}: seen, by the ${by}`);
      if (blind.has(name)) assert.ok(blind.get(name), `${name}: no reason is given`);
      blind.delete(name);
      refused[by]++;
    }
  assert.deepEqual([...blind.keys()], [], "files that are not there");
  assert.ok(refused.schema >= 40, `only ${refused.schema} are refused by the schema`);
  console.log(`wrong files: ${refused.schema} refused by the schema, ${refused.parser} by the ` +
    `parser of YAML, ${refused.nobody} by check alone`);
});

test("no package comes from anywhere but the public registry", () => {
  const lock = JSON.parse(readFileSync(join(here, "package-lock.json")));
  for (const [name, entry] of Object.entries(lock.packages))
    if (entry.resolved) assert.match(entry.resolved, /^https:\/\/registry\.npmjs\.org\//, name);
});
