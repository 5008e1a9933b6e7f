import { dirname, join } from 'node:path/posix'
import ts from 'typescript'

/** Top to bottom of docs/architecture.md, lowest first. Names on one level do not import each other. */
export const LEVELS = [
  ['errors'],
  ['model'],
  ['report', 'flow'],
  ['checks'],
  ['kernel'],
  ['owners'],
  ['inspect'],
  ['trace', 'measure', 'driver'],
  ['health'],
  ['lab'],
  ['tui', 'dash'],
  ['command'],
  ['commands'],
  ['main'],
] as const

/** No I/O, no clock, no randomness: these come in as arguments. */
const PURE = new Set(['errors', 'model', 'report', 'flow', 'checks'])

/** What a pure folder may import besides the project: nothing of it touches the outside. */
const PURE_IMPORTS: Readonly<Record<string, readonly string[] | 'all'>> = {
  'node:util': 'all',
  'node:buffer': 'all',
  'node:path/posix': 'all',
  'node:crypto': ['createHash', 'createHmac'],
  'get-east-asian-width': 'all',
  '@dagrejs/dagre': 'all',
  yaml: 'all',
  ajv: 'all',
}

/** Anyone may read the program's own name and version. */
const MANIFEST = 'package.json'

const IMPURE_GLOBALS = new Set([
  'process',
  'fetch',
  'performance',
  'console',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
])
const IMPURE_CALLS = new Set(['Date.now', 'Math.random', 'crypto.randomUUID', 'crypto.getRandomValues'])

interface Import {
  readonly specifier: string
  /** Names imported; undefined for all of it (`* as`, `import()`, a side effect). */
  readonly names: readonly string[] | undefined
  readonly typeOnly: boolean
}

/**
 * Where source files break the import order.
 * @param files path relative to the root → text
 */
export function layerViolations(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) => {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, scriptKind(path))
    const found = importsOf(source).flatMap((entry) => importViolation(path, entry) ?? [])
    const impure = PURE.has(layerOf(path) ?? '') ? impureUses(source) : []
    return [...found, ...impure].map((violation) => `${path}: ${violation}`)
  })
}

function scriptKind(path: string): ts.ScriptKind {
  return path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS
}

/** `src/model/select.ts` → model, `commands/ns.ts` → commands, `packages/netlink-ts/src/x.ts` → packages/netlink-ts. */
function layerOf(path: string): string | undefined {
  const [top = '', second = ''] = path.split('/')
  if (top === 'src') return second.replace(/\.tsx?$/, '')
  return top === 'packages' ? `packages/${second}` : top
}

function importViolation(path: string, { specifier, names, typeOnly }: Import): string | undefined {
  const layer = layerOf(path) ?? ''
  if (!specifier.startsWith('.')) {
    return PURE.has(layer) && !typeOnly ? impureImport(specifier, names) : undefined
  }
  const target = layerOf(join(dirname(path), specifier)) ?? ''
  if (target === layer || target === MANIFEST) return undefined
  if (layer.startsWith('packages/') || target.startsWith('packages/')) return `imports ${specifier} across a package`
  const [from, to] = [levelOf(layer), levelOf(target)]
  if (from < 0) return `is in no layer (${layer})`
  if (to < 0) return `imports ${target}, which is in no layer`
  return to < from ? undefined : `imports ${target}, which is not below ${layer}`
}

function levelOf(layer: string): number {
  return LEVELS.findIndex((names) => (names as readonly string[]).includes(layer))
}

function impureImport(specifier: string, names: readonly string[] | undefined): string | undefined {
  const allowed = PURE_IMPORTS[specifier]
  if (allowed === 'all') return undefined
  if (allowed !== undefined && names?.every((name) => allowed.includes(name))) return undefined
  return `is pure and imports ${specifier}`
}

function importsOf(source: ts.SourceFile): Import[] {
  const found: Import[] = []
  const visit = (node: ts.Node): void => {
    const entry = importOf(node)
    if (entry !== undefined) found.push(entry)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function importOf(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const clause = node.importClause
    const typeOnly = clause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    return { specifier: node.moduleSpecifier.text, names: importedNames(clause), typeOnly }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, names: undefined, typeOnly: node.isTypeOnly }
  }
  const [first] = ts.isCallExpression(node) && isLoading(node.expression) ? node.arguments : []
  return first !== undefined && ts.isStringLiteral(first)
    ? { specifier: first.text, names: undefined, typeOnly: false }
    : undefined
}

function isLoading(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
}

function importedNames(clause: ts.ImportClause | undefined): string[] | undefined {
  const bindings = clause?.namedBindings
  if (clause?.name !== undefined || bindings === undefined || !ts.isNamedImports(bindings)) return undefined
  return bindings.elements
    .filter((element) => !element.isTypeOnly)
    .map((element) => (element.propertyName ?? element.name).text)
}

function impureUses(source: ts.SourceFile): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const use = impureUse(node)
    if (use !== undefined) found.push(`is pure and uses ${use}`)
    if (!ts.isTypeNode(node)) ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function impureUse(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) return 'new Date()'
  if (ts.isPropertyAccessExpression(node) && IMPURE_CALLS.has(node.getText())) return node.getText()
  const isGlobal = ts.isIdentifier(node) && IMPURE_GLOBALS.has(node.text) && isRead(node)
  return isGlobal ? node.text : undefined
}

/** Whether an identifier is the value of that name, and not a property, a parameter or a declaration called so. */
function isRead(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isCallExpression(parent)) return true
  return ts.isElementAccessExpression(parent) && parent.expression === node
}
