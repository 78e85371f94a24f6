/** The same as pgbench, by the driver pg: a process of its own with a connection for each of those who ask. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Client } from 'pg';
import type { DirectLoad, Parameter } from './direct.ts';
import { summaryOf, type Answer, type LoadResult } from './load.ts';

/** PostgreSQL plans a function's statements anew the first five times. */
const warmUpEach = 6;

export async function runConnections(directLoad: DirectLoad): Promise<LoadResult> {
  const child = fork(import.meta.filename, ['run']);
  child.send(directLoad);
  const [result]: LoadResult[] = await once(child, 'message');
  if (result === undefined) throw new Error('the connections have told nothing');
  return result;
}

async function run({ databaseUrl, statement, connections, requests }: DirectLoad): Promise<LoadResult> {
  const clients = Array.from({ length: connections }, () => new Client(databaseUrl));
  await Promise.all(clients.map((client) => client.connect()));
  const ask = async (client: Client): Promise<Answer> => {
    const sent = performance.now();
    const values = statement.parameters.map(valueOf);
    const outcome = await client.query({ text: statement.text, values }).then(
      () => 'expected' as const,
      () => 'unexpected' as const,
    );
    return { milliseconds: performance.now() - sent, outcome, databaseCalls: null };
  };
  const askAll = async (count: number): Promise<readonly Answer[]> => {
    const answers: Answer[] = [];
    const left = Array.from({ length: count }).values();
    const inTurn = async (client: Client) => {
      for (const _ of left) answers.push(await ask(client));
    };
    await Promise.all(clients.map(inTurn));
    return answers;
  };
  const warmUp = connections * warmUpEach;
  const ahead = await askAll(warmUp);
  const started = performance.now();
  const answers = await askAll(requests);
  const seconds = (performance.now() - started) / 1000;
  await Promise.all(clients.map((client) => client.end()));
  const summary = summaryOf(answers, seconds);
  const errors = summary.errors + ahead.filter(({ outcome }) => outcome !== 'expected').length;
  return { connections, offered: warmUp + requests, ...summary, errors };
}

let unique = Date.now() * 1000;

function valueOf(parameter: Parameter): string | null {
  if (parameter === null || typeof parameter === 'string') return parameter;
  unique += 1;
  return `${parameter.unique}${unique}`;
}

if (process.argv[2] === 'run' && process.send !== undefined) {
  const [directLoad]: DirectLoad[] = await once(process, 'message');
  if (directLoad !== undefined) process.send(await run(directLoad));
  process.disconnect();
}
