import { Client } from 'pg';
import { z } from 'zod';
import type { Statement } from '../../src/db/client.ts';
import type { TestDatabase } from './database.ts';
import { textOf } from './statement-text.ts';

/** What one execution of one statement did: as sent, or from within a function. */
export interface Plan {
  readonly sql: string;
  /** Which tables were read from end to end. */
  readonly seqScans: readonly string[];
  /** Pages that were touched, in memory or not; those of statements within it included. */
  readonly buffers: number;
}

/** Runs statements, and tells how PostgreSQL did it. Nothing that they do stays. */
export interface Planner {
  /** Of each run, the statement's own plan last. */
  plansOf(statement: Statement, runs?: number): Promise<readonly (readonly Plan[])[]>;
  stop(): Promise<void>;
}

const planNode = z.object({
  'Node Type': z.string(),
  'Relation Name': z.string().optional(),
  'Shared Hit Blocks': z.number().default(0),
  'Shared Read Blocks': z.number().default(0),
  get Plans() {
    return z.array(planNode).default([]);
  },
});

const explained = z.object({ 'Query Text': z.string(), Plan: planNode });

type PlanNode = z.output<typeof planNode>;

/**
 * auto_explain tells of each statement, those within functions included, as a notice. Only a superuser may load it;
 * the server that the tests run on has one.
 */
export async function startPlanner(database: TestDatabase): Promise<Planner> {
  const url = new URL(database.url);
  url.username = 'postgres';
  const client = new Client({ connectionString: url.href });
  let plans: Plan[] = [];
  client.on('notice', ({ message }) => {
    const json = /plan:\n([\s\S]*)$/.exec(message ?? '')?.[1];
    if (json !== undefined) plans.push(readPlan(json));
  });
  await client.connect();
  await client.query(`
    load 'auto_explain';
    set auto_explain.log_min_duration = 0;
    set auto_explain.log_nested_statements = on;
    set auto_explain.log_analyze = on;
    set auto_explain.log_timing = off;
    set auto_explain.log_buffers = on;
    set auto_explain.log_format = 'json';
    set auto_explain.log_level = 'notice'`);
  return {
    plansOf: async (statement, runs = 1) => {
      const { sql, params } = textOf(statement);
      const found: (readonly Plan[])[] = [];
      for (let run = 1; run <= runs; run += 1) {
        await client.query('begin');
        plans = [];
        await client.query(sql, [...params]);
        found.push(plans);
        await client.query('rollback');
      }
      return found;
    },
    stop: () => client.end(),
  };
}

function readPlan(json: string): Plan {
  const { 'Query Text': sql, Plan: top } = explained.parse(JSON.parse(json));
  const nodes = [...nodesOf(top)];
  return {
    sql,
    seqScans: nodes.flatMap((node) =>
      node['Node Type'] === 'Seq Scan' ? (node['Relation Name'] ?? []) : [],
    ),
    buffers: top['Shared Hit Blocks'] + top['Shared Read Blocks'],
  };
}

function* nodesOf(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const part of node.Plans) yield* nodesOf(part);
}
