/**
 * Writes `generated/request-schemas.json`: JSON Schemas of the parameters in
 * `requests.ts`, made from the type declarations of the installed SDK.
 *
 * Run it after each upgrade of `stripe`:
 * `npm run stripe:schemas` (`-- --check` only compares).
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createGenerator } from 'ts-json-schema-generator';

const OUTPUT = path.join(import.meta.dirname, 'generated/request-schemas.json');
const SDK = path.join(import.meta.dirname, '../../../node_modules/stripe');

/**
 * What is changed in the SDK's `shared.d.ts` before schemas are made of it:
 * the types are looser than the API, and the wire knows only strings.
 */
const PATCHES: readonly { why: string; from: string; to: string }[] = [
  {
    why: 'open-ended enums would let every wrong value pass',
    from: 'export type OtherString = string & Record<never, never>;',
    to: 'export type OtherString = never;',
  },
  {
    why: 'a decimal travels as a string',
    from: "export { Decimal } from './Decimal.js';",
    to: 'export type Decimal = string;',
  },
  {
    why: 'form encoding has no null: the SDK sends an empty string',
    from: "export type Emptyable<T> = null | '' | T;",
    to: "export type Emptyable<T> = '' | T;",
  },
  {
    why: 'metadata travels as strings',
    from: '[name: string]: string | number | null;',
    to: '[name: string]: string;',
  },
];

/** Parameters that may have a fraction; every other number is an integer. */
const FRACTIONS = new Set([
  'amount_percent',
  'application_fee_percent',
  'height',
  'length',
  'percent_off',
  'weight',
  'width',
]);

const generated = await withPatchedSdk(generate);
const text = inLines(JSON.parse(withStableNames(JSON.stringify(generated, tighten))));
if (process.argv.includes('--check')) {
  if ((await readFile(OUTPUT, 'utf8')) !== text) {
    console.error('generated/request-schemas.json does not fit the installed stripe package.');
    process.exitCode = 1;
  }
} else {
  await mkdir(path.dirname(OUTPUT), { recursive: true });
  await writeFile(OUTPUT, text);
}

function generate(folder: string): object {
  return createGenerator({
    path: path.join(folder, 'requests.ts'),
    tsconfig: path.join(folder, 'tsconfig.json'),
    type: 'Requests',
    additionalProperties: false,
    jsDoc: 'none',
    skipTypeCheck: true,
    topRef: false,
    encodeRefs: false,
  }).createSchema('Requests');
}

/**
 * One line a definition, each a schema of its own that others refer to by its
 * name: so the validator compiles only what a request needs.
 */
function inLines({ properties = {}, definitions = {} }: Schema): string {
  const line = (schema: Schema): string =>
    JSON.stringify(schema, (key, value: unknown) =>
      key === '$ref' && typeof value === 'string' ? plainName(value.replace('#/definitions/', '')) : value,
    );
  const lines = (schemas: Readonly<Record<string, Schema>>): string =>
    Object.entries(schemas)
      .map(([name, schema]) => `"${plainName(name)}":${line(schema)}`)
      .join(',\n');
  return `{"requests":{\n${lines(properties)}},\n"definitions":{\n${lines(definitions)}}}\n`;
}

/** `Emptyable<string[]>` -> `Emptyable.string...`, since a schema's name is a URI. */
function plainName(name: string): string {
  return name.replace(/[^\w.]/g, '.');
}

/** The generator names nameless types by a hash of their file's path: numbers instead, in order. */
function withStableNames(json: string): string {
  const names = new Map<string, string>();
  return json.replace(/[^"/]*-\d{5,}-[^"]*/g, (name) => {
    const stable = names.get(name) ?? `nameless.${names.size + 1}`;
    names.set(name, stable);
    return stable;
  });
}

/** Copies the SDK's declarations aside, patches them and runs `use` in that folder. */
async function withPatchedSdk<T>(use: (folder: string) => T): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'stripe-schemas-'));
  try {
    const sdk = path.join(folder, 'node_modules/stripe');
    await cp(path.join(SDK, 'esm'), path.join(sdk, 'esm'), {
      recursive: true,
      filter: (source) => !/\.(js|map)$/.test(source),
    });
    await cp(path.join(SDK, 'package.json'), path.join(sdk, 'package.json'));
    await cp(path.join(import.meta.dirname, 'requests.ts'), path.join(folder, 'requests.ts'));
    await writeFile(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { strict: true, module: 'esnext', moduleResolution: 'bundler', types: [] },
        files: ['requests.ts'],
      }),
    );
    await patch(path.join(sdk, 'esm/shared.d.ts'));
    return use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function patch(file: string): Promise<void> {
  let declarations = await readFile(file, 'utf8');
  for (const { from, to, why } of PATCHES) {
    if (!declarations.includes(from)) {
      throw new Error(`The SDK's shared.d.ts no longer has "${from}" (patched because ${why}).`);
    }
    declarations = declarations.replace(from, to);
  }
  await writeFile(file, declarations);
}

/**
 * JSON.stringify replacer: numbers become integers, except the known fractions,
 * and a required text must not be empty.
 */
function tighten(key: string, value: unknown): unknown {
  if (!isSchema(value)) return value;
  if (value.type === 'number' && !FRACTIONS.has(key)) return { ...value, type: 'integer' };
  const { properties, required } = value;
  if (!properties || !required) return value;
  const tightened = Object.entries(properties).map(([name, property]) =>
    required.includes(name) && property.type === 'string' && !property.enum
      ? [name, { ...property, minLength: 1 }]
      : [name, property],
  );
  return { ...value, properties: Object.fromEntries(tightened) };
}

interface Schema {
  readonly type?: string;
  readonly enum?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly definitions?: Readonly<Record<string, Schema>>;
}

/** Enough for the generator's own output, whose `type` is text only in a schema. */
function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
