import path from 'node:path';
import { visitImports } from './imports.ts';
import { layerRules } from './layers.ts';
import type { Rule } from './oxlint.ts';
import { locate } from './source-files.ts';

const projectRoot = path.resolve(import.meta.dirname, '../..');

/** Makes one row of the layering table a rule of the linter. */
function layerRule(name: string): Rule {
  return {
    create(context) {
      const from = locate(path.relative(projectRoot, context.filename));
      const rule = layerRules[name];
      if (from.area !== 'src' || rule === undefined) return {};
      return visitImports(
        (specifier) => locate(path.relative(projectRoot, path.resolve(context.filename, '..', specifier))),
        (to, node) => {
          if (rule.forbids(from, to)) context.report({ node, message: rule.advice });
        },
      );
    },
  };
}

/** The present time read from the machine: `new Date()` and `Date()`. (`Date.now` is a restricted property.) */
const noAmbientDate: Rule = {
  create: (context) => ({
    NewExpression(node) {
      if (isDate(node.callee) && node.arguments.length === 0) context.report({ node, message: clockAdvice });
    },
    CallExpression(node) {
      if (isDate(node.callee)) context.report({ node, message: clockAdvice });
    },
  }),
};

const clockAdvice = 'the time is an input, so that tests and replays can set it: take it from `deps.clock`.';

function isDate(callee: { type: string; name?: unknown }): boolean {
  return callee.type === 'Identifier' && callee.name === 'Date';
}

export default {
  meta: { name: 'ratecard' },
  rules: {
    ...Object.fromEntries(Object.keys(layerRules).map((name) => [name, layerRule(name)])),
    'no-ambient-date': noAmbientDate,
  },
};
