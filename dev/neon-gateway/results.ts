/** Neon's SQL over HTTP, the answer side. Built as text, so that a json column is passed on unchanged. */
import type { FieldDef } from 'pg';
import { arrayToJson } from './arrays.ts';
import { GatewayError } from './errors.ts';

/** A statement's result with values in Postgres' text format. */
export interface TextResult {
  readonly command: string;
  readonly rowCount: number | null;
  readonly fields: readonly FieldDef[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface ResultFormat {
  readonly arrayMode: boolean;
  readonly rawText: boolean;
}

/** Type numbers that never change (pg_type.dat of Postgres). */
const BOOL = 16;
const NUMBERS = new Set([21, 23, 700, 701]);
const JSON_TYPES = new Set([114, 3802]);

/** Array type to element type; the elements of other arrays than these stay text in JSON too. */
const ELEMENT_TYPES = new Map([
  [1000, BOOL],
  [1005, 21],
  [1007, 23],
  [1021, 700],
  [1022, 701],
  [199, 114],
  [3807, 3802],
  ...[
    1001, 1002, 1003, 1008, 1009, 1010, 1011, 1012, 1014, 1015, 1016, 1017, 1018, 1019, 1027, 1028, 1040,
    1041, 1115, 1182, 1183, 1185, 1187, 1231, 1263, 1270, 1561, 1563, 143, 271, 629, 651, 719, 775, 791, 2201,
    2207, 2208, 2209, 2210, 2211, 2949, 2951, 3221, 3643, 3645, 3735, 3770, 3905, 3907, 3909, 3911, 3913,
    3927, 4073, 4090, 4097, 4192, 6150, 6151, 6152, 6153, 6155, 6157,
  ].map((arrayType): [number, number] => [arrayType, 25]),
]);

/** The JSON of one value, with Neon's choice of types: int8 and numeric stay text, as JSON would round them. */
function valueJson(text: string, typeId: number): string {
  const elementType = ELEMENT_TYPES.get(typeId);
  if (elementType !== undefined) return arrayToJson(text, (element) => valueJson(element, elementType));
  if (typeId === BOOL) return String(text === 't');
  if (JSON_TYPES.has(typeId)) return text;
  const number = NUMBERS.has(typeId) ? Number(text) : Number.NaN;
  return JSON.stringify(Number.isFinite(number) ? number : text);
}

function rowJson(
  row: TextResult['rows'][number],
  fields: TextResult['fields'],
  format: ResultFormat,
): string {
  const cells = fields.map((field, index) => {
    const text = row[index] ?? null;
    const cell = text === null || format.rawText ? JSON.stringify(text) : valueJson(text, field.dataTypeID);
    return format.arrayMode ? cell : `${JSON.stringify(field.name)}:${cell}`;
  });
  return format.arrayMode ? `[${cells.join(',')}]` : `{${cells.join(',')}}`;
}

/**
 * @param maxBytes stops early, as rows take several times their size in memory
 * @throws GatewayError 507, as at Neon
 */
export function resultJson(result: TextResult, format: ResultFormat, maxBytes: number): string {
  const fields = result.fields.map((field) => ({
    name: field.name,
    tableID: field.tableID,
    columnID: field.columnID,
    dataTypeID: field.dataTypeID,
    dataTypeSize: field.dataTypeSize,
    dataTypeModifier: field.dataTypeModifier,
    format: 'text',
  }));
  const rows: string[] = [];
  let bytes = 0;
  for (const row of result.rows) {
    const json = rowJson(row, result.fields, format);
    bytes += Buffer.byteLength(json);
    if (bytes > maxBytes) {
      throw new GatewayError(507, `response is too large (max is ${maxBytes} bytes)`);
    }
    rows.push(json);
  }
  const { command, rowCount } = result;
  const rest = JSON.stringify({ command, rowCount, rowAsArray: format.arrayMode }).slice(1);
  return `{"fields":${JSON.stringify(fields)},"rows":[${rows.join(',')}],${rest}`;
}
