import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { invalid, missing, type StripeFailure } from './errors.ts';
import type { Form, FormValue } from './form.ts';
import schemas from './generated/request-schemas.json' with { type: 'json' };
import type { Requests } from './requests.ts';
import type { Wire } from '../state/wire.ts';

/** A request's parameters after decoding and checking. */
export type Params<Name extends keyof Requests> = Wire<Requests[Name]>;

const ajv = new Ajv({ allErrors: true, coerceTypes: true, strict: false, validateSchema: false });
for (const [name, schema] of Object.entries(schemas.definitions)) ajv.addSchema(schema, name);
const validators = new Map<keyof Requests, ValidateFunction>();

/**
 * Checks `form` against the SDK's declaration of the request and turns its
 * strings into numbers and booleans. Throws Stripe's 400 otherwise.
 */
export function checkParameters<Name extends keyof Requests>(name: Name, form: Form): Params<Name> {
  const values = structuredClone(form);
  const validate = validatorOf(name);
  if (!validate(values)) throw failureOf(validate.errors ?? [], form);
  checkNumbers(values, form, '');
  checkMetadata(values, '');
  return checkedBySchema<Name>(values);
}

/** Safe because the schema that has just accepted `values` is generated from `Requests[Name]`. */
function checkedBySchema<Name extends keyof Requests>(values: unknown): Params<Name> {
  return values as Params<Name>;
}

function validatorOf(name: keyof Requests): ValidateFunction {
  const known = validators.get(name);
  if (known) return known;
  const validate = ajv.compile(schemas.requests[name]);
  validators.set(name, validate);
  return validate;
}

/** Which of ajv's complaints Stripe would make: unknown names first, then missing ones. */
const PRECEDENCE = ['additionalProperties', 'required', 'minLength', 'type', 'enum'];

function failureOf(errors: readonly ErrorObject[], form: Form): StripeFailure {
  const told = errors.filter((error) => PRECEDENCE.includes(error.keyword) && !isEmptyChoice(error));
  const first = told.toSorted(
    (a, b) => rank(a) - rank(b) || depth(b) - depth(a) || unlikeness(a, form) - unlikeness(b, form),
  )[0];
  if (!first) return invalid('Invalid request.');
  const param = paramName(first.instancePath);
  const child = (name: unknown): string => (param === '' ? String(name) : `${param}[${name}]`);
  if (first.keyword === 'additionalProperties') {
    const beside = told.filter((one) => one.keyword === first.keyword && one.schemaPath === first.schemaPath);
    const here = beside.filter((one) => one.instancePath === first.instancePath);
    const unknown = [...new Set(here.map((one) => child(one.params['additionalProperty'])))];
    const noun = unknown.length > 1 ? 'parameters' : 'parameter';
    return invalid(`Received unknown ${noun}: ${unknown.join(', ')}`, unknown[0], 'parameter_unknown');
  }
  if (first.keyword === 'required') return missing(child(first.params['missingProperty']));
  return wrongValue(first, param, valueAt(form, first.instancePath));
}

/** The `''` that an emptyable parameter also takes: never the useful complaint. */
function isEmptyChoice(error: ErrorObject): boolean {
  return error.params['allowedValue'] === '' || error.schemaPath.endsWith('/const');
}

const rank = (error: ErrorObject): number => PRECEDENCE.indexOf(error.keyword);
const depth = (error: ErrorObject): number => error.instancePath.split('/').length;

/** Of `created`, a hash or a number: a text that is neither is a bad number, not a bad hash. */
function unlikeness(error: ErrorObject, form: Form): number {
  const isText = typeof valueAt(form, error.instancePath) === 'string';
  return isText === ['object', 'array'].includes(String(error.params['type'])) ? 1 : 0;
}

function wrongValue(error: ErrorObject, param: string, value: FormValue | undefined): StripeFailure {
  if (value === '') {
    return invalid(
      `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; ` +
        `however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
      param,
      'parameter_invalid_empty',
    );
  }
  if (error.keyword === 'enum') {
    const allowed: unknown = error.params['allowedValues'];
    const names = Array.isArray(allowed) ? allowed.filter((name) => name !== '') : [];
    return invalid(`Invalid ${param}: must be one of ${inWords(names)}`, param);
  }
  const type = String(error.params['type']).replace('number', 'decimal');
  const shown = typeof value === 'string' ? `: ${value}` : '';
  return invalid(
    `Invalid ${type}${shown}`,
    param,
    type === 'integer' ? 'parameter_invalid_integer' : undefined,
  );
}

function inWords(names: readonly unknown[]): string {
  const last = names.at(-1);
  if (names.length < 2) return String(last);
  const comma = names.length > 2 ? ',' : '';
  return `${names.slice(0, -1).join(', ')}${comma} or ${last}`;
}

/** `/line_items/0/price` -> `line_items[0][price]` */
function paramName(pointer: string): string {
  const [, first = '', ...rest] = pointer.split('/');
  return first + rest.map((part) => `[${part}]`).join('');
}

function valueAt(form: Form, pointer: string): FormValue | undefined {
  const keys = pointer.split('/').slice(1);
  return keys.reduce<FormValue | undefined>(member, form);
}

function member(value: FormValue | undefined, key: string): FormValue | undefined {
  if (value === undefined || typeof value === 'string') return undefined;
  return Array.isArray(value) ? value[Number(key)] : value[key];
}

/** ajv also reads `1e3`, `0x10` and ` 7 ` as numbers, and numbers beyond what JavaScript counts exactly. */
function checkNumbers(value: unknown, given: FormValue | undefined, path: string): void {
  if (typeof value === 'number') {
    const isPlain = typeof given === 'string' && /^-?\d+(\.\d+)?$/.test(given);
    const isExact = !Number.isInteger(value) || Number.isSafeInteger(value);
    if (!isPlain || !isExact) {
      throw invalid(`Invalid integer: ${String(given)}`, path, 'parameter_invalid_integer');
    }
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    checkNumbers(inner, member(given, key), path === '' ? key : `${path}[${key}]`);
  }
}

/** Stripe's limits: 50 keys of up to 40 characters, values of up to 500. */
function checkMetadata(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const param = path === '' ? key : `${path}[${key}]`;
    if (key === 'metadata' && typeof inner === 'object' && inner !== null) checkLimits(inner, param);
    else checkMetadata(inner, param);
  }
}

function checkLimits(metadata: object, param: string): void {
  const entries = Object.entries(metadata);
  if (entries.length > 50) {
    throw invalid('You can only specify up to 50 metadata keys per request.', param);
  }
  for (const [key, value] of entries) {
    if (key.length > 40) {
      throw invalid(
        `Metadata keys can have up to 40 characters, but you passed in a key that is ${key.length} characters. Invalid key: ${key}`,
        param,
      );
    }
    if (String(value).length > 500) {
      throw invalid(
        `Metadata values can have up to 500 characters, but you passed in a value that is ${String(value).length} characters. Invalid value: ${value}`,
        `${param}[${key}]`,
      );
    }
  }
}
