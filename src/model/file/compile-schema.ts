import { Ajv, type ValidateFunction } from 'ajv'
import { AJV_OPTIONS } from './check-shape.ts'
import type { JsonSchema } from './shapes.ts'

/**
 * A schema as a function, made when it is first asked for. That takes some 60 ms, so only modules named `…-validator.ts`
 * call this: in the bundled program they hold the function's code instead (scripts/compiled-schemas.mjs).
 */
export function compileSchema(schema: JsonSchema): () => ValidateFunction {
  // to make code that runs once faster takes longer than it runs
  return () => new Ajv({ ...AJV_OPTIONS, code: { optimize: false } }).compile(schema)
}
