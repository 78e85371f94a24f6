import type { RuleTester } from 'oxlint/plugins-dev';

/** A rule of a plugin. Oxlint 1.80 exports this type only by way of its rule tester. */
export type Rule = Extract<
  Parameters<RuleTester['run']>[1],
  { readonly create: unknown; createOnce?: never }
>;
export type Visitor = ReturnType<Rule['create']>;
/** A syntax node, by its name in a visitor. */
export type SyntaxNode<Name extends keyof Visitor> = Parameters<NonNullable<Visitor[Name]>>[0];
