import type { SyntaxNode, Visitor } from './oxlint.ts';
import type { Import, SourceFile } from './source-files.ts';

type Syntax =
  | SyntaxNode<'ImportDeclaration'>
  | SyntaxNode<'ExportNamedDeclaration'>
  | SyntaxNode<'ExportAllDeclaration'>
  | SyntaxNode<'ImportExpression'>
  | SyntaxNode<'TSImportType'>;

/**
 * Visits every way to name another module: `import`, `export … from`, `import()`, and `import('…')` as a type.
 * Of an `import()` only a constant can be judged; one that is computed counts as the specifier ''.
 */
export function visitImports(
  locate: (specifier: string) => SourceFile,
  visit: (to: Import, node: Syntax) => void,
): Visitor {
  const visitSyntax = (node: Syntax) => {
    if (node.source === null) return;
    const specifier = constantText(node.source);
    const file = isPath(specifier) ? locate(specifier) : undefined;
    visit({ specifier, file, typeOnly: isTypeOnly(node), names: importedNames(node) }, node);
  };
  return {
    ImportDeclaration: visitSyntax,
    ExportNamedDeclaration: visitSyntax,
    ExportAllDeclaration: visitSyntax,
    ImportExpression: visitSyntax,
    TSImportType: visitSyntax,
  };
}

function constantText(source: NonNullable<Syntax['source']>): string {
  if (source.type === 'Literal') return String(source.value);
  if (source.type === 'TemplateLiteral' && source.expressions.length === 0)
    return source.quasis[0]?.value.cooked ?? '';
  return '';
}

function isPath(specifier: string): boolean {
  return /^(\/|\.\.?(\/|$))/.test(specifier);
}

/** `import { type X }` is no type import: it still loads the module (verbatimModuleSyntax). */
function isTypeOnly(node: Syntax): boolean {
  if (node.type === 'TSImportType') return true;
  if (node.type === 'ImportDeclaration') return node.importKind === 'type';
  return node.type !== 'ImportExpression' && node.exportKind === 'type';
}

function importedNames(node: Syntax): readonly string[] | undefined {
  if (node.type !== 'ImportDeclaration' && node.type !== 'ExportNamedDeclaration') return undefined;
  const names = node.specifiers.map((specifier) => {
    switch (specifier.type) {
      case 'ImportSpecifier':
        return exportedName(specifier.imported);
      case 'ExportSpecifier':
        return exportedName(specifier.local);
      case 'ImportDefaultSpecifier':
        return 'default';
      case 'ImportNamespaceSpecifier':
        return undefined;
    }
  });
  return names.every((name) => name !== undefined) ? names : undefined;
}

function exportedName(name: SyntaxNode<'ImportSpecifier'>['imported']): string {
  return name.type === 'Literal' ? name.value : name.name;
}
