import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventTypes, testEventType } from '../../src/outbound/event-types.ts';
import { createTestDatabase } from '../support/database.ts';
import { migratedTemplate } from '../support/template.ts';

/** What functions of the database make of two parts: `new.item_type || '.changed'`. */
const composed = ['plan.changed', 'package.changed'];

test('endpoints can ask for every type of event that is ever told, and for no other', async () => {
  const database = await createTestDatabase({ template: migratedTemplate });
  const functions = await database.query<{ source: string }>(
    `select prosrc as source from pg_proc
     where pronamespace = 'public'::regnamespace
       and (prosrc like '%emit_event(%' or prosrc like '%INTO customer_notices%' or prosrc like '%INTO outbound_events%')`,
  );
  await database.drop();
  expect(functions.length).toBeGreaterThan(8);
  const inSql = functions.flatMap(({ source }) =>
    [...source.matchAll(/'([a-z_]+\.[a-z_]+)'/g)].map(([, type = '']) => type),
  );
  const inCode = globSync('src/**/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/noticeType = '([a-z_.]+)'/g)].map(([, type = '']) => type),
  );
  const told = new Set([...inSql, ...inCode, ...composed].filter((type) => !type.startsWith('ratecard.')));
  expect([...told].toSorted()).toEqual([...eventTypes, testEventType].toSorted());
});
