import path from 'node:path';

/** A file of ours, as the layering sees it. */
export interface SourceFile {
  /** The folder under the project's root: `src`, `dev`, `test`, …; empty for a file in the root itself. */
  readonly area: string;
  /** The folder under src/; undefined for src/'s own files (app, deps, env, index) and outside src/. */
  readonly layer: string | undefined;
  /** The path from there, with no extension: `index`, `tables`, `start-checkout`. */
  readonly name: string;
}

/** One import, re-export, `import()` or `import('…')` type. */
export interface Import {
  readonly specifier: string;
  /** The file, where the specifier is a path; undefined for a package. */
  readonly file: SourceFile | undefined;
  readonly typeOnly: boolean;
  /** The imported names, as the other side exports them; undefined when everything is imported. */
  readonly names: readonly string[] | undefined;
}

/** A file's last word is its role: `routes.ts` and `admin-routes.ts` are both routes. */
export type Role = 'routes' | 'schemas' | 'queries' | 'tables';

export function hasRole(file: SourceFile, ...roles: readonly Role[]): boolean {
  return roles.some((role) => new RegExp(`(^|[-/])${role}$`).test(file.name));
}

/** Whether the import is of one of these packages, or of something inside them. */
export function isPackage(to: Import, ...packages: readonly string[]): boolean {
  return packages.some((name) => to.specifier === name || to.specifier.startsWith(`${name}/`));
}

/** Finds a file's place by its path from the project's root. A path with no extension is a folder, by its index. */
export function locate(projectPath: string): SourceFile {
  const portable = projectPath.replaceAll(path.sep, '/').replace(/\?.*$/, '');
  const extension = path.extname(portable);
  const stem = extension === '' ? `${portable}/index` : portable.slice(0, -extension.length);
  const folders = stem.split('/').filter((part) => part !== '');
  const name = folders.pop() ?? '';
  const [area = '', ...inside] = folders;
  const layer = area === 'src' ? inside.shift() : undefined;
  return { area, layer, name: [...inside, name].join('/') };
}
