import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createApp } from '../../src/app.ts';

const app = createApp();
const document = app.getOpenAPI31Document({
  openapi: '3.1.0',
  info: { title: 'Ratecard', version: '0' },
});

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: unknown;
  readonly 'x-access'?: string;
  readonly responses: Readonly<Record<string, unknown>>;
}

const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
    path,
    method,
    operation,
  })),
);

test('the OpenAPI document is valid', async () => {
  expect(await new Validator().validate({ ...document })).toEqual({ valid: true });
});

/** Every Zod schema within a value, each once. */
function schemasWithin(value: unknown, seen = new Set<unknown>()): z.ZodType[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  const inner = value instanceof z.ZodType ? value.def : value;
  const found = Object.values(inner).flatMap((member: unknown) => schemasWithin(member, seen));
  return value instanceof z.ZodType ? [value, ...found] : found;
}

test('no two schemas of the document have one name', () => {
  const names = schemasWithin(app.openAPIRegistry.definitions).flatMap((schema) => schema.meta()?.id ?? []);
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('every operation says what it does, who may call it, and what it answers', () => {
  expect(operations.length).toBeGreaterThan(20);
  for (const { path, method, operation } of operations) {
    const name = `${method} ${path}`;
    expect(operation.summary, name).toBeTruthy();
    expect(operation.tags, name).toHaveLength(1);
    expect(['public', 'person', 'customer', 'account', 'viewer', 'admin'], name).toContain(
      operation['x-access'],
    );
    expect(operation.security === undefined, name).toBe(operation['x-access'] === 'public');
    expect(Object.keys(operation.responses), name).toContain('default');
    expect(
      Object.keys(operation.responses).some((status) => /^2\d\d$/.test(status)),
      name,
    ).toBe(true);
  }
});

test('the paths that existing clients call are all there', () => {
  const paths = new Set(operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`));
  const contract = `
    GET /
    GET /health
    GET /health/ready
    GET /payment/plans
    GET /payment/credit-packages
    GET /payment/status
    POST /payment/webhook
    POST /payment/create-checkout
    POST /payment/purchase-credits
    POST /payment/create-portal-session
    GET /credits/costs
    GET /credits/balance
    GET /credits/history
    GET /credits/check/{operation_type}
    POST /credits/spend
    POST /credits/holds
    GET /credits/holds
    GET /credits/holds/{id}
    POST /credits/holds/{id}/capture
    POST /credits/holds/{id}/release
    GET /admin/pricing/plans
    POST /admin/pricing/plans
    GET /admin/pricing/plans/{plan_key}
    PATCH /admin/pricing/plans/{plan_key}
    DELETE /admin/pricing/plans/{plan_key}
    GET /admin/pricing/packages
    POST /admin/pricing/packages
    GET /admin/pricing/packages/{package_key}
    PATCH /admin/pricing/packages/{package_key}
    DELETE /admin/pricing/packages/{package_key}
    GET /admin/pricing/history`
    .trim()
    .split(/\s*\n\s*/);
  expect(contract.filter((route) => !paths.has(route))).toEqual([]);
});
